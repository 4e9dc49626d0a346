{#
    True for a row of a source that var event_sources lists.

    {{ is_enabled_source('source') }}  →  source in ('segment', 'email', 'hubspot')
#}
{% macro is_enabled_source(column) -%}
    {{ column }} in ('{{ enabled_sources() | join("', '") }}')
{%- endmacro %}
