{#
    The query for the edges that hold whatever the limits say, and every node with itself.

    (1, 2, is_declared), (2, 3, not declared)  →  (node_a, node_b): (1, 2), (1, 1), (2, 2), (3, 3)
#}
{% macro declared_links(edges) -%}
    select strong_node as node_a, weak_node as node_b from {{ edges }} where is_declared
    union all
    select strong_node as node_a, strong_node as node_b from {{ edges }}
    union all
    select weak_node as node_a, weak_node as node_b from {{ edges }}
{%- endmacro %}
