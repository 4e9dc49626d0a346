{#
    The query for the edges whose weaker end is of one tier, with the group that end is in.

    →  (node, tie_key, root, strong_node, observation_count, first_seen_at, owner_share)
#}
{% macro typed_edges(edges, nodes, tier) -%}
    select
        nodes.node,
        nodes.tie_key,
        nodes.root,
        edges.strong_node,
        edges.observation_count,
        edges.first_seen_at,
        edges.owner_share
    from {{ edges }} as edges
    inner join {{ nodes }} as nodes on edges.weak_node = nodes.node
    where edges.weak_tier = {{ tier }}
{%- endmacro %}
