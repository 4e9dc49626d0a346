{#
    Those of the given sources that var event_sources lists, in the given order; all listed ones
    when none are given.

    {{ enabled_sources(['hubspot', 'segment']) }}  →  ['hubspot']
#}
{% macro enabled_sources(sources=none) -%}
    {%- set listed = var('event_sources') -%}
    {%- if listed is string or listed is mapping or listed | length == 0 -%}
        {{ exceptions.raise_compiler_error(
            "var event_sources must list at least one source, for example [segment, email]; it is "
            ~ listed
        ) }}
    {%- endif -%}
    {{ return((sources or listed) | select('in', listed) | list) }}
{%- endmacro %}
