{#
    The query that hooks every node of an edge list onto the least of itself and its neighbours.

    edges (node_a, node_b): (1, 5), (5, 9)  →  (node, root): (1, 1), (5, 1), (9, 5)
#}
{% macro hook_to_least(edges) -%}
    select
        node,
        least(node, min(neighbor)) as root
    from (
        select node_a as node, node_b as neighbor from {{ edges }}
        union all
        select node_b as node, node_a as neighbor from {{ edges }}
    ) as directed
    group by node
{%- endmacro %}
