{#
    A number as text with six decimal places.

    {{ fixed_text('score') }}  →  cast(cast(score as decimal(38, 6)) as varchar)
#}
{% macro fixed_text(number) -%}
    {{ return(adapter.dispatch('fixed_text')(number)) }}
{%- endmacro %}

{% macro default__fixed_text(number) -%}
    cast(cast({{ number }} as decimal(38, 6)) as {{ dbt.type_string() }})
{%- endmacro %}

{# BigQuery's own text of a number has no zeros at the end, and number_text would cut those of 100. #}
{% macro bigquery__fixed_text(number) -%}
    format('%.6f', cast({{ number }} as numeric))
{%- endmacro %}
