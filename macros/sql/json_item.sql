{#
    One value of an object in a JSON array, as text; null when there is no such item, or when it is
    null, an object or an array.

    {{ json_item('products', 0, 'id') }}  →  json_extract_string(json_value(products, '$[0]."id"'), '$')
#}
{% macro json_item(column, position, key) -%}
    {{ return(adapter.dispatch('json_item')(column, position, key)) }}
{%- endmacro %}

{% macro default__json_item(column, position, key) -%}
    json_extract_string(json_value({{ column }}, '$[{{ position }}]."{{ key }}"'), '$')
{%- endmacro %}

{% macro postgres__json_item(column, position, key) -%}
    {{ json_scalar('cast(' ~ column ~ ' as json) -> ' ~ position ~ " -> '" ~ key ~ "'") }}
{%- endmacro %}

{% macro spark__json_item(column, position, key) -%}
    {%- set read = [] -%}
    {%- for kind in ('map<string, string>', 'array<string>') -%}
        {%- do read.append(
            'from_json(' ~ column ~ ", 'array<struct<`" ~ key ~ '`: ' ~ kind ~ ">>')[" ~ position
            ~ '].`' ~ key ~ '`'
        ) -%}
    {%- endfor -%}
    case
        when coalesce({{ read[0] }} is null and {{ read[1] }} is null, true)
            then get_json_object({{ column }}, {{ text_literal("$[" ~ position ~ "]['" ~ key ~ "']") }})
    end
{%- endmacro %}

{% macro trino__json_item(column, position, key) -%}
    json_extract_scalar({{ column }}, '$[{{ position }}]["{{ key }}"]')
{%- endmacro %}

{% macro bigquery__json_item(column, position, key) -%}
    json_value({{ column }}, '$[{{ position }}]."{{ key }}"')
{%- endmacro %}

{% macro snowflake__json_item(column, position, key) -%}
    {%- set value = 'get_path(parse_json(' ~ column ~ "), '[" ~ position ~ ']["' ~ key ~ "\"]')" -%}
    case when typeof({{ value }}) not in ('OBJECT', 'ARRAY') then cast({{ value }} as varchar) end
{%- endmacro %}
