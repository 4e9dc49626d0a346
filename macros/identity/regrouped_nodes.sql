{#
    The query for the nodes with their groups joined: each group takes the root of its component.

    →  the columns of typed_nodes
#}
{% macro regrouped_nodes(nodes, groups) -%}
    select
        nodes.node,
        nodes.cluster,
        nodes.tier,
        nodes.node_limit,
        nodes.tie_key,
        nodes.declared,
        coalesce(joined.root, nodes.root) as root,
        nodes.reason,
        nodes.is_borrowed
    from {{ nodes }} as nodes
    left join {{ groups }} as joined on nodes.root = joined.node
{%- endmacro %}
