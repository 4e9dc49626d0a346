{#
    Aggregate: the value with the lowest rank among those that are known.

    {{ first_known('first_name', 'statement_rank') }}
    →  min_by(first_name, statement_rank) filter (where first_name is not null)
#}
{% macro first_known(column, rank) -%}
    {{ return(adapter.dispatch('first_known')(column, rank)) }}
{%- endmacro %}

{% macro default__first_known(column, rank) -%}
    min_by({{ column }}, {{ rank }}) filter (where {{ column }} is not null)
{%- endmacro %}

{% macro postgres__first_known(column, rank) -%}
    (array_agg({{ column }} order by {{ rank }}) filter (where {{ column }} is not null))[1]
{%- endmacro %}

{% macro bigquery__first_known(column, rank) -%}
    any_value({{ column }} having min if({{ column }} is not null, {{ rank }}, null))
{%- endmacro %}

{% macro snowflake__first_known(column, rank) -%}
    min_by({{ column }}, iff({{ column }} is not null, {{ rank }}, null))
{%- endmacro %}
