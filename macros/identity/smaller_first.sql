{#
    The query for an edge list with the smaller node first; a null end stays a null.

    smaller_first('select 5 as node_a, 2 as node_b')  →  (node_a, node_b): (2, 5)
#}
{% macro smaller_first(sql) -%}
    select
        case when node_a > node_b then node_b else node_a end as node_a,
        case when node_a > node_b then node_a else node_b end as node_b
    from ({{ sql }}) as listed
{%- endmacro %}
