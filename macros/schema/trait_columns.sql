{#
    All columns that a trait model has: those that its YAML describes, and what is counted because
    some model reads it.

    trait_columns('account_traits')  →  ['account_id', 'account_people_count', …]
#}
{% macro trait_columns(model_name) -%}
    {%- set columns = graph.nodes['model.' ~ project_name ~ '.' ~ model_name].columns.keys() | list -%}
    {%- do columns.extend(counted_columns(model_name)) -%}
    {{ return(columns) }}
{%- endmacro %}
