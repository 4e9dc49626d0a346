{#
    A union without repeated rows, for which BigQuery wants the word.

    {{ union_distinct() }}  →  union; on BigQuery  union distinct
#}
{% macro union_distinct() -%}
    {{ return(adapter.dispatch('union_distinct')()) }}
{%- endmacro %}

{% macro default__union_distinct() -%}
    union
{%- endmacro %}

{% macro bigquery__union_distinct() -%}
    union distinct
{%- endmacro %}
