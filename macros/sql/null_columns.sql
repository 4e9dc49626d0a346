{#
    Columns that hold nothing, for the list of a select: text, unless a type is given.

    {{ null_columns(['email', 'phone']) }}
    →  cast(null as varchar) as email,
       cast(null as varchar) as phone

    {{ null_columns(['value'], type_double()) }}  →  cast(null as double) as value
#}
{% macro null_columns(columns, type=dbt.type_string()) -%}
    {%- for column in columns -%}
    cast(null as {{ type }}) as {{ column }}
    {{- ',\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
