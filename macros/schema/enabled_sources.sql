{#
    Those of the given sources that var event_sources lists, in the given order; all listed ones
    when none are given. The var may be a list or, on a command line, text with commas.

    {{ enabled_sources(['hubspot', 'segment']) }}  →  ['hubspot']
#}
{% macro enabled_sources(sources=none) -%}
    {%- set listed = var('event_sources') -%}
    {%- if listed is string -%}
        {%- set listed = listed.replace(' ', '').split(',') | select | list -%}
    {%- endif -%}
    {%- if listed is mapping or listed is not iterable or listed | length == 0 -%}
        {{ exceptions.raise_compiler_error(
            "var event_sources must list at least one source, for example [segment, email]; it is "
            ~ listed
        ) }}
    {%- endif -%}
    {{ return((sources or listed) | select('in', listed) | list) }}
{%- endmacro %}
