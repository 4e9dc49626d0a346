{#
    One value of an object in a JSON array, as text; null when there is no such item.

    {{ json_item('products', 0, 'id') }}  →  json_extract_string(products, '$[0]."id"')
#}
{% macro json_item(column, position, key) -%}
    {{ return(adapter.dispatch('json_item')(column, position, key)) }}
{%- endmacro %}

{% macro default__json_item(column, position, key) -%}
    json_extract_string({{ column }}, '$[{{ position }}]."{{ key }}"')
{%- endmacro %}
