{#
    One value of a JSON text as text; null when the path is not there or the value is null.

    {{ json_text('payload', 'event-data', 'event') }}
    →  json_extract_string(payload, '$."event-data"."event"')

    The JSON must be readable: guard a column of unknown quality with is_json().
#}
{% macro json_text(column) -%}
    {{ return(adapter.dispatch('json_text')(column, varargs)) }}
{%- endmacro %}

{% macro default__json_text(column, keys) -%}
    json_extract_string({{ column }}, '$."{{ keys | join('"."') }}"')
{%- endmacro %}
