{#
    The query that gives each edge of an edge list once, the smaller node first.

    select 5 as node_a, 2 as node_b  →  (node_a, node_b): (2, 5)
#}
{% macro distinct_edges(sql) -%}
    select distinct
        case when node_a > node_b then node_b else node_a end as node_a,
        case when node_a > node_b then node_a else node_b end as node_b
    from ({{ sql }}) as selected
{%- endmacro %}
