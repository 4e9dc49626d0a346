{#
    The query that gives each edge of an edge list once, the smaller node first.

    select 5 as node_a, 2 as node_b  →  (node_a, node_b): (2, 5)
#}
{% macro distinct_edges(sql) -%}
    select distinct
        least(node_a, node_b) as node_a,
        greatest(node_a, node_b) as node_b
    from ({{ sql }}) as selected
{%- endmacro %}
