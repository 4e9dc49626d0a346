{#
    The query for the nodes of an edge list, each in the group of the nodes it is declared one with.

    →  (node, cluster, tier, node_limit, tie_key, declared, root, reason, is_borrowed), reason null
#}
{% macro typed_nodes(edges, declared) -%}
    with

    ends as (
        select
            strong_node as node,
            cluster,
            strong_tier as tier,
            strong_limit as node_limit,
            strong_key as tie_key
        from {{ edges }}

        {{ union_distinct() }}

        select
            weak_node as node,
            cluster,
            weak_tier as tier,
            weak_limit as node_limit,
            weak_key as tie_key
        from {{ edges }}
    )

    select
        ends.node,
        ends.cluster,
        ends.tier,
        ends.node_limit,
        ends.tie_key,
        declared.root as declared,
        declared.root,
        cast(null as {{ dbt.type_string() }}) as reason,
        false as is_borrowed
    from ends
    inner join {{ declared }} as declared on ends.node = declared.node
{%- endmacro %}
