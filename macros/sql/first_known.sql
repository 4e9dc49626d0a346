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
