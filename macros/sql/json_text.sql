{#
    One value of a JSON text as text; null when the path is not there or the value is null.

    {{ json_text('payload', 'event-data', 'event') }}
    →  json_extract_string(payload, '$."event-data"."event"')

    The JSON must be readable: guard a column of unknown quality with is_json(). Texts, whole
    numbers, booleans and numbers below ten million read alike everywhere; how an object or an array
    is spaced is the engine's own.
#}
{% macro json_text(column) -%}
    {{ return(adapter.dispatch('json_text')(column, varargs)) }}
{%- endmacro %}

{% macro default__json_text(column, keys) -%}
    json_extract_string({{ column }}, '$."{{ keys | join('"."') }}"')
{%- endmacro %}

{% macro postgres__json_text(column, keys) -%}
    {{ json_scalar('cast(' ~ column ~ " as json) #> '{" ~ keys | join(',') ~ "}'") }}
{%- endmacro %}

{% macro spark__json_text(column, keys) -%}
    get_json_object({{ column }}, {{ text_literal("$['" ~ keys | join("']['") ~ "']") }})
{%- endmacro %}

{% macro trino__json_text(column, keys) -%}
    json_extract_scalar({{ column }}, '$["{{ keys | join('"]["') }}"]')
{%- endmacro %}

{% macro bigquery__json_text(column, keys) -%}
    json_value({{ column }}, '$."{{ keys | join('"."') }}"')
{%- endmacro %}

{% macro snowflake__json_text(column, keys) -%}
    cast(get_path(parse_json({{ column }}), '["{{ keys | join('"]["') }}"]') as varchar)
{%- endmacro %}
