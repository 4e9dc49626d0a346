{#
    One row per place of a JSON array that a JSON text holds at a key, for the list of a select,
    counted from 0; no row where there is no array or an empty one.

    select orders.*, {{ json_positions('properties', 'products') }} as position from orders
    →  select orders.*, unnest(range(json_array_length(properties, '$."products"'))) as position …

    json_element reads what stands there.
#}
{% macro json_positions(column, key) -%}
    {{ return(adapter.dispatch('json_positions')(column, key)) }}
{%- endmacro %}

{% macro default__json_positions(column, key) -%}
    unnest(range(cast(json_array_length({{ column }}, '$."{{ key }}"') as bigint)))
{%- endmacro %}

{% macro postgres__json_positions(column, key) -%}
    generate_series(0, case
        when json_typeof(cast({{ column }} as json) -> '{{ key }}') = 'array'
            then json_array_length(cast({{ column }} as json) -> '{{ key }}')
    end - 1)
{%- endmacro %}

{# The size of nothing is -1 or nothing, by a setting. #}
{% macro spark__json_positions(column, key) -%}
    explode(sequence(0, nullif(greatest(size(from_json(
        get_json_object({{ column }}, {{ text_literal("$['" ~ key ~ "']") }}), 'array<string>'
    )), 0), 0) - 1))
{%- endmacro %}
