{#
    The query for how many nodes of each limited type a group holds; declared ones count once.

    →  (root, tier, node_limit, taken)
#}
{% macro group_sizes(nodes) -%}
    select
        root,
        tier,
        node_limit,
        count(distinct declared) as taken
    from {{ nodes }}
    where node_limit is not null
    group by root, tier, node_limit
{%- endmacro %}
