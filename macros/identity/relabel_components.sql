{#
    Bring a table of components and the edges it was made from up to date with changed edges.

    labels (1, 1), (2, 1), (5, 5) and edges (1, 2); changed (2, 5, is_added)
    →  labels (1, 1), (2, 1), (5, 1) and edges (1, 2), (2, 5)

    A component that lost an edge may fall apart, so its nodes start again as themselves, with all
    of its edges. Every other component takes part as its root alone.
#}
{% macro relabel_components(labels, known_edges, changed, made) -%}
    {%- set broken = scratch_table('broken',
        'select distinct labels.root from ' ~ labels ~ ' as labels inner join ' ~ changed
        ~ ' as changed on labels.node = changed.node_a where not changed.is_added', made) -%}
    {%- set pending = scratch_table('pending', pending_edges(labels, known_edges, changed, broken), made) -%}
    {%- if count_rows(pending) -%}
        {%- set moved = label_components(pending, 'moved', made) -%}
    {%- else -%}
        {%- set moved = scratch_table('moved', 'select node, root from ' ~ labels ~ ' where false', made) -%}
    {%- endif -%}
    {%- set relabeled = scratch_table('relabeled', changed_labels(labels, moved, broken), made) -%}

    {%- for query in [
        'delete from ' ~ labels ~ ' where root in (select root from ' ~ broken ~ ')',
        'delete from ' ~ labels ~ ' where node in (select node from ' ~ relabeled ~ ')',
        'insert into ' ~ labels ~ ' (node, root) select node, root from ' ~ relabeled,
        'delete from ' ~ known_edges ~ ' where node_a in (select node_a from ' ~ changed ~ ' where not is_added)'
            ~ ' and exists (select 1 from ' ~ changed ~ ' as changed'
            ~ ' where not changed.is_added and changed.node_a = ' ~ known_edges.identifier ~ '.node_a'
            ~ ' and changed.node_b = ' ~ known_edges.identifier ~ '.node_b)',
        'insert into ' ~ known_edges ~ ' (node_a, node_b) select node_a, node_b from ' ~ changed ~ ' where is_added',
    ] -%}
        {%- call statement('main') -%}{{ query }}{%- endcall -%}
    {%- endfor -%}
{%- endmacro %}
