{#
    A JSON object as text, from names and SQL expressions. It is put together from its parts, because
    engines space their own differently, and such a text is hashed and compared.

    {{ json_object({'order_id': 'order_id'}, numbers={'quantity': 'quantity'}) }}
    →  '{"order_id":' || coalesce(…order_id…, 'null') || ',"quantity":' || coalesce(…, 'null') || '}'
#}
{% macro json_object(texts, numbers={}) -%}
    {%- set members = [] -%}
    {%- for name, expression in texts.items() -%}
        {%- do members.append([name, json_string(expression)]) -%}
    {%- endfor -%}
    {%- for name, expression in numbers.items() -%}
        {%- do members.append([name, number_text(expression)]) -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- for name, value in members -%}
        {%- do parts.append("'" ~ ('{' if loop.first else ',') ~ '"' ~ name ~ '":' ~ "'") -%}
        {%- do parts.append('coalesce(' ~ value ~ ", 'null')") -%}
    {%- endfor -%}
    {{ dbt.concat(parts + ["'}'"]) }}
{%- endmacro %}
