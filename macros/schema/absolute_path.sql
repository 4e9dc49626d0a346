{#
    A path from the root, so that a view that holds it answers from every working folder.

    absolute_path('data/raw')  →  '/home/ann/audience-engine/data/raw'

    A path with a scheme (s3://…) or from the root already stays as it is. Others are relative to the
    project, as dbt works in its folder.
#}
{% macro absolute_path(path) -%}
    {%- if modules.re.match('([/\\\\~]|\w+:)', path) -%}
        {{ return(path) }}
    {%- endif -%}
    {%- set folder = invocation_args_dict.project_dir | string -%}
    {%- if not modules.re.match('([/\\\\]|\w:)', folder) -%}
        {%- set folder = env_var('PWD', '') ~ '/' ~ folder -%}
    {%- endif -%}
    {{ return(folder.rstrip('/') ~ '/' ~ path) }}
{%- endmacro %}
