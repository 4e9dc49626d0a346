{#
    The name of the 64-bit floating point type. dbt.type_float is 32 bits on DuckDB, which loses
    cents from seven digits on.

    {{ type_double() }}  →  double
#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
    double
{%- endmacro %}

{% macro postgres__type_double() -%}
    double precision
{%- endmacro %}

{% macro bigquery__type_double() -%}
    float64
{%- endmacro %}
