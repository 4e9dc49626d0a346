{#
    The query that judges touches of shared nodes. In a group over its limit, a node is shared when
    it touches two groups, its own included, that hold the type which is over the limit, if a person
    has only one of that type. It keeps
    the touch of its owner: the group that has owner_share of its observations. A node that is
    declared part of such a group belongs there, whatever else it was seen with. One that an owner
    has of whom it was not the first is borrowed.

    →  the touches with is_kept, is_borrowed and reason
#}
{% macro shared_touches(touches, nodes, groups, over, tier) -%}
    with

    anchored as (
        select distinct nodes.root
        from {{ nodes }} as nodes
        inner join {{ groups }} as joined on nodes.root = joined.node
        inner join {{ over }} as over_limit
            on joined.root = over_limit.root and nodes.tier = over_limit.tier
        where nodes.tier < {{ tier }} and nodes.node_limit = 1
    ),

    claims as (
        select
            touches.*,
            touched.root is not null as is_anchored,
            own.root is not null as is_at_home,
            sum(case when touched.root is not null then touches.weight end)
                over (partition by touches.node) as anchored_weight,
            count(touched.root) over (partition by touches.node) as anchored_count,
            min(case when touched.root is not null then touches.first_seen_at end)
                over (partition by touches.node) as first_claimed_at
        from {{ touches }} as touches
        left join anchored as touched on touches.node_b = touched.root
        left join anchored as own on touches.node_a = own.root
    ),

    judged as (
        select
            *,
            not (is_at_home and anchored_count > 0) and (
                anchored_count < 2 or (is_anchored and weight >= owner_share * anchored_weight)
            ) as is_kept,
            is_at_home and anchored_count > 0 or anchored_count > 1 as is_shared
        from claims
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
        is_shared and is_kept and first_seen_at > first_claimed_at as is_borrowed,
        case when is_shared then 'shared_identifier' end as reason
    from judged
{%- endmacro %}
