{#
    The query that judges touches where a limit is broken although shared nodes gave way. There a
    node keeps one touch at most: of the group with the strongest type, then with most observations,
    then seen first; none of a group without a stronger type, and none when it is declared part of a
    group. Then each group keeps as many nodes of this tier as it may, those seen with it first.

    →  the touches with is_kept, is_borrowed and reason
#}
{% macro excess_touches(touches, nodes, groups, over, tier) -%}
    with

    standing as (
        select
            root,
            min(tier) as strongest_tier,
            min(tie_key) as tie_key,
            count(*) as node_count,
            count(distinct case when tier = {{ tier }} then declared end) as taken
        from {{ nodes }}
        group by root
    ),

    broken as (
        select distinct root from {{ over }}
    ),

    ranked as (
        select
            touches.node,
            touches.tie_key,
            touches.node_a,
            touches.node_b,
            touches.weight,
            touches.first_seen_at,
            touches.owner_share,
            broken.root is not null as is_broken,
            own.node_count > 1 as is_at_home,
            other.strongest_tier,
            coalesce(other.taken, 0) as taken,
            nodes.node_limit,
            row_number() over (
                partition by touches.node
                order by
                    other.strongest_tier,
                    touches.weight desc,
                    touches.first_seen_at nulls last,
                    other.tie_key
            ) as preference
        from {{ touches }} as touches
        inner join {{ nodes }} as nodes on touches.node = nodes.node
        inner join {{ groups }} as joined on touches.node_a = joined.node
        inner join standing as own on touches.node_a = own.root
        inner join standing as other on touches.node_b = other.root
        left join broken on joined.root = broken.root
    ),

    seated as (
        select
            *,
            row_number() over (
                partition by node_b, is_broken, preference, is_at_home
                order by first_seen_at nulls last, tie_key
            ) as seat
        from ranked
    ),

    judged as (
        select
            *,
            not is_broken
            or (
                preference = 1
                and strongest_tier < {{ tier }}
                and not is_at_home
                and (node_limit is null or seat <= node_limit - taken)
            ) as is_kept
        from seated
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
        is_broken
        and is_kept
        and first_seen_at > min(first_seen_at) over (partition by node) as is_borrowed,
        case when not is_kept then 'limit_exceeded' end as reason
    from judged
{%- endmacro %}
