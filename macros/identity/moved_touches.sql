{#
    The query for the touches that are left when some groups were taken in by others.

    →  (component, place, node_a, node_b)
#}
{% macro moved_touches(open_touches, moves) -%}
    select * from (
        select
            touches.component,
            touches.place,
            coalesce(own.new_root, touches.node_a) as node_a,
            coalesce(other.new_root, touches.node_b) as node_b
        from {{ open_touches }} as touches
        left join {{ moves }} as own on touches.node_a = own.root
        left join {{ moves }} as other on touches.node_b = other.root
    ) as moved
    where node_a <> node_b
{%- endmacro %}
