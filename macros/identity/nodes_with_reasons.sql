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
        coalesce(nodes.reason, given.reason) as reason,
        coalesce((nodes.is_borrowed or given.is_borrowed) and given.is_kept, nodes.is_borrowed)
            as is_borrowed
    from {{ nodes }} as nodes
    left join (
        select
            node,
            max(reason) as reason,
            {{ dbt.bool_or('is_kept') }} as is_kept,
            {{ dbt.bool_or('is_borrowed') }} as is_borrowed
        from {{ judged }}
        group by node
    ) as given on nodes.node = given.node
{%- endmacro %}
