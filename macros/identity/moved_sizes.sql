{#
    The query for the sizes of groups after some were taken in by others.

    →  the columns of group_sizes
#}
{% macro moved_sizes(sizes, moves) -%}
    select
        coalesce(moves.new_root, sizes.root) as root,
        sizes.tier,
        sizes.node_limit,
        sum(sizes.taken) as taken
    from {{ sizes }} as sizes
    left join {{ moves }} as moves on sizes.root = moves.root
    group by coalesce(moves.new_root, sizes.root), sizes.tier, sizes.node_limit
{%- endmacro %}
