{#
    The query for the labels that differ from those of the last build: nodes of intact components
    whose root moved, nodes that are new, and nodes of broken components that still have an edge.

    labels (1, 1), (2, 1), (5, 5); moved (1, 1), (5, 1)  →  (node, root): (5, 1)
#}
{% macro changed_labels(labels, moved, broken) -%}
    select
        labels.node,
        moved.root
    from {{ labels }} as labels
    inner join {{ moved }} as moved on labels.root = moved.node
    left join {{ broken }} as broken on labels.root = broken.root
    where moved.root <> labels.root and broken.root is null

    union all

    select
        moved.node,
        moved.root
    from {{ moved }} as moved
    left join {{ labels }} as labels on moved.node = labels.node
    left join {{ broken }} as broken on labels.root = broken.root
    where labels.node is null or broken.root is not null
{%- endmacro %}
