{#
    The query for the groups that nodes of one tier touch, as edges between groups: one row per node
    and group of stronger nodes that it was seen with, other than its own. Takes the edges of the
    tier with their weaker end looked up (typed_edges): an optimizer that sees `<>` between two of
    three tables may cross them.

    →  (node, tie_key, node_a (the node's own group), node_b (the group touched), weight (most
       observations with one of its nodes), first_seen_at, owner_share)
#}
{% macro touched_groups(typed_edges, nodes) -%}
    select
        weak.node,
        weak.tie_key,
        weak.root as node_a,
        strong.root as node_b,
        max(weak.observation_count) as weight,
        min(weak.first_seen_at) as first_seen_at,
        max(weak.owner_share) as owner_share
    from {{ typed_edges }} as weak
    inner join {{ nodes }} as strong on weak.strong_node = strong.node
    where
        strong.reason is null
        and weak.root <> strong.root
    group by weak.node, weak.tie_key, weak.root, strong.root
{%- endmacro %}
