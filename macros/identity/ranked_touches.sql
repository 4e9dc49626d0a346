{#
    The query for the touches with their order among those of one component, where a limit is
    broken: of the group with the strongest type, then seen first, then with most observations.

    →  the columns of touched_groups, component, is_broken, place
#}
{% macro ranked_touches(touches, nodes, groups, over) -%}
    with

    standing as (
        select
            root,
            min(tier) as strongest_tier,
            min(tie_key) as tie_key
        from {{ nodes }}
        group by root
    ),

    broken as (
        select distinct root from {{ over }}
    )

    select
        touches.node,
        touches.tie_key,
        touches.node_a,
        touches.node_b,
        touches.weight,
        touches.first_seen_at,
        touches.owner_share,
        joined.root as component,
        broken.root is not null as is_broken,
        row_number() over (
            partition by joined.root
            order by
                other.strongest_tier,
                touches.first_seen_at nulls last,
                touches.weight desc,
                touches.tie_key,
                other.tie_key
        ) as place
    from {{ touches }} as touches
    inner join {{ groups }} as joined on touches.node_a = joined.node
    inner join standing as other on touches.node_b = other.root
    left join broken on joined.root = broken.root
{%- endmacro %}
