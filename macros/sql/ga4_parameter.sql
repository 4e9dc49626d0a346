{#
    A parameter of an event of Google Analytics, nested as the export has it or in a column of its own
    as a connector lands it.

    {{ ga4_parameter('event_params', 'page_location') }}
    →  coalesce(page_location of event_params, param_page_location)
#}
{% macro ga4_parameter(parameters, name) -%}
    coalesce({{ json_entry(parameters, name) }}, param_{{ name }})
{%- endmacro %}
