{#
    A number as people write it: no exponent, at most six decimal places, no zeros at the end.

    {{ number_text('score') }}
    →  regexp_replace(cast(cast(score as decimal(38, 6)) as varchar), '[.]?0+$', '', 'g')
#}
{% macro number_text(number) -%}
    {{ regex_replace(adapter.dispatch('fixed_text')(number), '[.]?0+$', '') }}
{%- endmacro %}

{# A number as text with six decimal places. #}
{% macro default__fixed_text(number) -%}
    {{ return('cast(cast(' ~ number ~ ' as decimal(38, 6)) as ' ~ dbt.type_string() ~ ')') }}
{%- endmacro %}

{# BigQuery's own text of a number has no zeros at the end, and then those of 100 would go. #}
{% macro bigquery__fixed_text(number) -%}
    {{ return("format('%.6f', cast(" ~ number ~ ' as numeric))') }}
{%- endmacro %}
