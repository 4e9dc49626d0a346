{#
    A cast that gives null instead of failing when the value cannot be read.

    {{ try_cast('amount', 'double') }}  →  try_cast(amount as double)

    dbt.safe_cast is a plain, failing cast on DuckDB, hence this one.
#}
{% macro try_cast(expression, type) -%}
    {{ return(adapter.dispatch('try_cast')(expression, type)) }}
{%- endmacro %}

{% macro default__try_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}
