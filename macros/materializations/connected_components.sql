{#
    Materialize the connected components of the edges that the model's SQL selects.

    select 1 as node_a, 2 as node_b  →  table (node, root): (1, 1), (2, 1)

    The SQL gives dense integers node_a and node_b in any order and orientation; an edge from a node
    to itself adds a node. The root of a component is its smallest node. Later builds compare the
    edges with those of the last build (kept beside the model in <model>__edges): added edges are
    contracted onto the roots that exist, components that lost an edge are labelled afresh, all
    others stay untouched, and the result is that of a full build.
#}
{% materialization connected_components, default -%}
    {%- set made = [] -%}
    {%- set labels = this.incorporate(type='table') -%}
    {%- set known_edges = edges_of_last_build(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if starts_over(this, known_edges) -%}
        {%- set edges = scratch_table('now', 'select distinct * from (' ~ smaller_first(sql) ~ ') as ordered', made) -%}
        {%- do refuse_loose_ends(edges) -%}
        {%- set found = label_components(edges, 'all', made) -%}
        {%- do replace_table(labels, 'select node, root from ' ~ found) -%}
        {%- do replace_table(known_edges, 'select node_a, node_b from ' ~ edges) -%}
    {%- else -%}
        {%- set changed = scratch_table('changed', changed_edges(sql, known_edges), made) -%}
        {%- do refuse_loose_ends(changed) -%}
        {%- do relabel_components(labels, known_edges, changed, made) -%}
    {%- endif -%}

    {%- do drop_scratch(made) -%}
    {%- do persist_docs(labels, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [labels]}) }}
{%- endmaterialization %}
