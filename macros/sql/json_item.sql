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

{% macro postgres__json_item(column, position, key) -%}
    {{ json_scalar('cast(' ~ column ~ ' as json) -> ' ~ position ~ " -> '" ~ key ~ "'") }}
{%- endmacro %}

{% macro spark__json_item(column, position, key) -%}
    get_json_object({{ column }}, {{ text_literal("$[" ~ position ~ "]['" ~ key ~ "']") }})
{%- endmacro %}

{% macro trino__json_item(column, position, key) -%}
    json_extract_scalar({{ column }}, '$[{{ position }}]["{{ key }}"]')
{%- endmacro %}

{% macro bigquery__json_item(column, position, key) -%}
    json_value({{ column }}, '$[{{ position }}]."{{ key }}"')
{%- endmacro %}

{% macro snowflake__json_item(column, position, key) -%}
    cast(get_path(parse_json({{ column }}), '[{{ position }}]["{{ key }}"]') as varchar)
{%- endmacro %}
