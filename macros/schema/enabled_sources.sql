{#
    The sources that var event_sources lists, each once, in that order. The var may be a list or, on
    a command line, text with commas.

    {{ enabled_sources() }}  →  ['segment', 'email', 'hubspot']

    A name that is no folder under models/staging is an error that lists the folders.
#}
{% macro enabled_sources() -%}
    {%- set listed = var('event_sources') -%}
    {%- if listed is string -%}
        {%- set listed = listed.split(',') | map('trim') | select | list -%}
    {%- endif -%}
    {%- if listed is mapping or listed is not iterable or listed | length == 0 -%}
        {{ exceptions.raise_compiler_error(
            "var event_sources must list at least one source, for example [segment, email]; it is "
            ~ listed
        ) }}
    {%- endif -%}
    {%- set folders = staging_models() | map('first') | unique | list -%}
    {%- for name in listed if name not in folders -%}
        {{ exceptions.raise_compiler_error(
            "var event_sources lists '" ~ name ~ "', which is no source that can be read. Choose from "
            ~ folders | join(', ') ~ ", or add models/staging/" ~ name
            ~ " (docs/adding-a-source.md says how)."
        ) }}
    {%- endfor -%}
    {{ return(listed | unique | list) }}
{%- endmacro %}
