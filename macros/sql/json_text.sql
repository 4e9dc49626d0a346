{#
    One value of a JSON text as text; null when the path is not there, or has null, an object or an
    array, whose text would be the engine's own.

    {{ json_text('payload', 'event-data', 'event') }}
    →  json_extract_string(json_value(payload, '$."event-data"."event"'), '$')

    The JSON must be readable: guard a column of unknown quality with is_json(). Texts, whole
    numbers, booleans and numbers below ten million read alike everywhere.
#}
{% macro json_text(column) -%}
    {{ return(adapter.dispatch('json_text')(column, varargs)) }}
{%- endmacro %}

{% macro default__json_text(column, keys) -%}
    json_extract_string(json_value({{ column }}, '$."{{ keys | join('"."') }}"'), '$')
{%- endmacro %}

{% macro postgres__json_text(column, keys) -%}
    {{ json_scalar('cast(' ~ column ~ " as json) #> '{" ~ keys | join(',') ~ "}'") }}
{%- endmacro %}

{# Spark tells a text from an object or an array by reading it as either. #}
{% macro spark__json_text(column, keys) -%}
    {%- set nested = [] -%}
    {%- for kind in ('map<string, string>', 'array<string>') -%}
        {%- set type = namespace(text=kind) -%}
        {%- for key in keys | reverse -%}
            {%- set type.text = 'struct<`' ~ key ~ '`: ' ~ type.text ~ '>' -%}
        {%- endfor -%}
        {%- do nested.append(
            'from_json(' ~ column ~ ", '" ~ type.text ~ "').`" ~ keys | join('`.`') ~ '`'
        ) -%}
    {%- endfor -%}
    case
        when coalesce({{ nested[0] }} is null and {{ nested[1] }} is null, true)
            then get_json_object({{ column }}, {{ text_literal("$['" ~ keys | join("']['") ~ "']") }})
    end
{%- endmacro %}

{% macro trino__json_text(column, keys) -%}
    json_extract_scalar({{ column }}, '$["{{ keys | join('"]["') }}"]')
{%- endmacro %}

{% macro bigquery__json_text(column, keys) -%}
    json_value({{ column }}, '$."{{ keys | join('"."') }}"')
{%- endmacro %}

{% macro snowflake__json_text(column, keys) -%}
    {%- set value = 'get_path(parse_json(' ~ column ~ "), '[\"" ~ keys | join('"]["') ~ "\"]')" -%}
    case when typeof({{ value }}) not in ('OBJECT', 'ARRAY') then cast({{ value }} as varchar) end
{%- endmacro %}
