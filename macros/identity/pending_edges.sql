{#
    The query for the edges between components that are still to be joined: added ones, and all that
    is left of the edges of broken components. An end in an intact component stands for its root.

    labels (1, 1), (2, 1), (5, 5); changed (2, 5, is_added); nothing broken  →  (node_a, node_b): (1, 5)
#}
{% macro pending_edges(labels, known_edges, changed, broken) -%}
    with

    pending as (
        select node_a, node_b from {{ changed }} where is_added

        union all

        select
            edges.node_a,
            edges.node_b
        from {{ known_edges }} as edges
        inner join {{ labels }} as labels on edges.node_a = labels.node
        inner join {{ broken }} as broken on labels.root = broken.root
        left join {{ changed }} as removed
            on edges.node_a = removed.node_a and edges.node_b = removed.node_b
        where removed.node_a is null
    ),

    ends as (
        select node_a as node from pending
        {{ union_distinct() }}
        select node_b as node from pending
    ),

    intact as (
        select
            labels.node,
            labels.root
        from {{ labels }} as labels
        inner join ends on labels.node = ends.node
        left join {{ broken }} as broken on labels.root = broken.root
        where broken.root is null
    )

    select distinct
        coalesce(low.root, pending.node_a) as node_a,
        coalesce(high.root, pending.node_b) as node_b
    from pending
    left join intact as low on pending.node_a = low.node
    left join intact as high on pending.node_b = high.node
{%- endmacro %}
