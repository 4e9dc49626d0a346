{#
    The query for the nodes with the reasons that judged touches gave them; the first reason stays.

    →  the columns of typed_nodes
#}
{% macro nodes_with_reasons(nodes, judged) -%}
    select
        nodes.node,
        nodes.cluster,
        nodes.tier,
        nodes.node_limit,
        nodes.tie_key,
        nodes.declared,
        nodes.root,
        coalesce(nodes.reason, given.reason) as reason
    from {{ nodes }} as nodes
    left join (
        select node, max(reason) as reason from {{ judged }} group by node
    ) as given on nodes.node = given.node
{%- endmacro %}
