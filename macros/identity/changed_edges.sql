{#
    The query for the edges in which an edge list differs from the one of the last build. The list
    may hold an edge twice and either way round; the known edges are distinct, the smaller node
    first.

    (5, 2), (2, 9); known (2, 5), (2, 7)  →  (node_a, node_b, is_added): (2, 9, true), (2, 7, false)
#}
{% macro changed_edges(sql, known_edges) -%}
    select distinct
        coalesce(selected.node_a, known.node_a) as node_a,
        coalesce(selected.node_b, known.node_b) as node_b,
        known.node_a is null as is_added
    from ({{ smaller_first(sql) }}) as selected
    full outer join {{ known_edges }} as known
        on selected.node_a = known.node_a and selected.node_b = known.node_b
    where known.node_a is null or selected.node_a is null
{%- endmacro %}
