{#
    The query for the groups that nodes of one tier touch, as edges between groups: one row per node
    and group of stronger nodes that it was seen with, other than its own.

    →  (node, tie_key, node_a (the node's own group), node_b (the group touched), weight (most
       observations with one of its nodes), first_seen_at, owner_share)
#}
{% macro touched_groups(edges, nodes, tier) -%}
    select
        weak.node,
        weak.tie_key,
        weak.root as node_a,
        strong.root as node_b,
        max(edges.observation_count) as weight,
        min(edges.first_seen_at) as first_seen_at,
        max(edges.owner_share) as owner_share
    from {{ edges }} as edges
    inner join {{ nodes }} as weak on edges.weak_node = weak.node
    inner join {{ nodes }} as strong on edges.strong_node = strong.node
    where
        edges.weak_tier = {{ tier }}
        and strong.reason is null
        and weak.root <> strong.root
    group by weak.node, weak.tie_key, weak.root, strong.root
{%- endmacro %}
