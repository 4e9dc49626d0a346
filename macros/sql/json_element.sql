{#
    What stands at a place of a JSON array that a JSON text holds at a key, as JSON to read on from.
    How it is spaced is the engine's own, so that it must not be hashed, compared or shown.

    {{ json_element('properties', 'products', 'position') }}
    →  cast(json_extract(properties, '$."products"[' || position || ']') as varchar)
#}
{% macro json_element(column, key, position) -%}
    {{ return(adapter.dispatch('json_element')(column, key, position)) }}
{%- endmacro %}

{% macro default__json_element(column, key, position) -%}
    cast(json_extract({{ column }}, '$."{{ key }}"[' || {{ position }} || ']') as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__json_element(column, key, position) -%}
    cast(cast({{ column }} as json) -> '{{ key }}' -> {{ position }} as text)
{%- endmacro %}

{% macro spark__json_element(column, key, position) -%}
    from_json(
        get_json_object({{ column }}, {{ text_literal("$['" ~ key ~ "']") }}), 'array<string>'
    )[{{ position }}]
{%- endmacro %}
