{#
    The query for the groups that would hold more nodes of a tier than they may, if touching groups
    were joined. Nodes that are declared to be one count once.

    →  (root, tier)
#}
{% macro groups_over_limit(nodes, groups) -%}
    select
        joined.root,
        nodes.tier
    from {{ nodes }} as nodes
    inner join {{ groups }} as joined on nodes.root = joined.node
    where nodes.node_limit is not null
    group by joined.root, nodes.tier, nodes.node_limit
    having count(distinct nodes.declared) > nodes.node_limit
{%- endmacro %}
