{#
    The query for the touches whose two groups would together hold more nodes of a type than they
    may, with each such type.

    →  (component, place, tier)
#}
{% macro touches_over_limit(open_touches, sizes) -%}
    select
        ends.component,
        ends.place,
        sizes.tier
    from (
        select component, place, node_a as root from {{ open_touches }}
        union all
        select component, place, node_b as root from {{ open_touches }}
    ) as ends
    inner join {{ sizes }} as sizes on ends.root = sizes.root
    group by ends.component, ends.place, sizes.tier, sizes.node_limit
    having sum(sizes.taken) > sizes.node_limit
{%- endmacro %}
