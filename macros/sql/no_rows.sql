{#
    The end of a select without a table that gives columns their types and no row.

    select cast(null as varchar) as email {{ no_rows() }}  →  … where false
#}
{% macro no_rows() -%}
    {{ return(adapter.dispatch('no_rows')()) }}
{%- endmacro %}

{% macro default__no_rows() -%}
    where false
{%- endmacro %}

{# BigQuery takes no condition without a table. #}
{% macro bigquery__no_rows() -%}
    from (select 1 as nothing) where false
{%- endmacro %}
