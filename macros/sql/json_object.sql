{#
    A JSON object as text from names and SQL expressions.

    {{ json_object(session_id='domain_sessionid') }}
    →  cast(json_object('session_id', domain_sessionid) as varchar)
#}
{% macro json_object() -%}
    {{ return(adapter.dispatch('json_object')(kwargs)) }}
{%- endmacro %}

{% macro default__json_object(members) -%}
    {%- set pairs = [] -%}
    {%- for name, expression in members.items() -%}
        {%- do pairs.append("'" ~ name ~ "', " ~ expression) -%}
    {%- endfor -%}
    cast(json_object({{ pairs | join(', ') }}) as {{ dbt.type_string() }})
{%- endmacro %}
