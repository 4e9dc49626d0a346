{#
    A number as text with six decimal places. It goes through the number's own text, the shortest that
    means it: engines multiply a floating point number differently.

    {{ fixed_text('score') }}
    →  cast(cast(cast(score as varchar) as decimal(38, 6)) as varchar)
#}
{% macro fixed_text(number) -%}
    {{ return(adapter.dispatch('fixed_text')(number)) }}
{%- endmacro %}

{% macro default__fixed_text(number) -%}
    cast(
        cast(cast({{ number }} as {{ dbt.type_string() }}) as decimal(38, 6)) as {{ dbt.type_string() }}
    )
{%- endmacro %}

{# BigQuery's own text of a number has no zeros at the end, and number_text would cut those of 100. #}
{% macro bigquery__fixed_text(number) -%}
    format('%.6f', cast({{ number }} as numeric))
{%- endmacro %}
