{#
    The query that says of ranked touches which were kept (those not among the refused, which come
    with every type that is over its limit), and who is left out because of one that
    was refused: the nodes of the group that were seen with the touching node, if each is of a type
    that is over its limit and the touching node is not; else the touching node. A node that lost a
    touch and kept a later one is borrowed.

    →  the touches with is_kept, is_borrowed and reason, then a row without is_kept for every other
       node that is left out
#}
{% macro judged_touches(ranked, refused, edges, nodes, tier) -%}
    with

    refusals as (
        select component, place, tier from {{ refused }}
    ),

    seen as (
        select
            touches.component,
            touches.place,
            touches.node as touching_node,
            strong.node,
            refusals.tier is not null as is_over
        from {{ ranked }} as touches
        inner join (select distinct component, place from refusals) as lost
            on touches.component = lost.component and touches.place = lost.place
        inner join {{ edges }} as edges on touches.node = edges.node
        inner join {{ nodes }} as strong
            on edges.strong_node = strong.node and touches.node_b = strong.root
        left join refusals
            on
                touches.component = refusals.component
                and touches.place = refusals.place
                and strong.tier = refusals.tier
        where strong.reason is null
    ),

    left_there as (
        select
            seen.component,
            seen.place
        from seen
        left join refusals as own
            on seen.component = own.component and seen.place = own.place and own.tier = {{ tier }}
        where own.place is null
        group by seen.component, seen.place
        having min(case when seen.is_over then 1 else 0 end) = 1
    ),

    kept as (
        select
            touches.*,
            lost.place is null as is_kept,
            lost.place is not null and left_there.place is null as is_left_out
        from {{ ranked }} as touches
        left join (select distinct component, place from refusals) as lost
            on touches.component = lost.component and touches.place = lost.place
        left join left_there
            on touches.component = left_there.component and touches.place = left_there.place
    )

    select
        node,
        tie_key,
        node_a,
        node_b,
        weight,
        first_seen_at,
        owner_share,
        is_kept,
        is_kept
        and coalesce(
            min(case when is_kept then first_seen_at end) over (partition by node)
            > min(case when not is_kept then first_seen_at end) over (partition by node),
            false
        ) as is_borrowed,
        case when is_left_out then 'limit_exceeded' end as reason
    from kept

    union all

    select
        seen.node,
        null as tie_key,
        null as node_a,
        null as node_b,
        null as weight,
        null as first_seen_at,
        null as owner_share,
        null as is_kept,
        false as is_borrowed,
        'limit_exceeded' as reason
    from seen
    inner join left_there on seen.component = left_there.component and seen.place = left_there.place
{%- endmacro %}
