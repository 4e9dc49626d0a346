{#
    An object within a JSON text, as JSON to read on from; null when there is none at this key. How
    it is spaced is the engine's own, so that it must not be hashed, compared or shown.

    {{ json_part('payload', 'event-data') }}
    →  case when json_type(payload, '$."event-data"') = 'OBJECT' then … end
#}
{% macro json_part(column, key) -%}
    {{ return(adapter.dispatch('json_part')(column, key)) }}
{%- endmacro %}

{% macro default__json_part(column, key) -%}
    case
        when json_type({{ column }}, '$."{{ key }}"') = 'OBJECT'
            then cast(json_extract({{ column }}, '$."{{ key }}"') as varchar)
    end
{%- endmacro %}

{% macro postgres__json_part(column, key) -%}
    case
        when json_typeof(cast({{ column }} as json) -> '{{ key }}') = 'object'
            then cast(cast({{ column }} as json) -> '{{ key }}' as text)
    end
{%- endmacro %}

{% macro spark__json_part(column, key) -%}
    case
        when from_json({{ column }}, 'struct<`{{ key }}`: map<string, string>>').`{{ key }}` is not null
            then get_json_object({{ column }}, {{ text_literal("$['" ~ key ~ "']") }})
    end
{%- endmacro %}

{% macro trino__json_part(column, key) -%}
    json_format(try_cast(json_extract({{ column }}, '$["{{ key }}"]') as map(varchar, json)))
{%- endmacro %}

{% macro bigquery__json_part(column, key) -%}
    json_query({{ column }}, '$."{{ key }}"')
{%- endmacro %}

{% macro snowflake__json_part(column, key) -%}
    case
        when is_object(get(parse_json({{ column }}), '{{ key }}'))
            then to_json(get(parse_json({{ column }}), '{{ key }}'))
    end
{%- endmacro %}
