{#
    Materialize the connected components of typed nodes in which no component holds more nodes of a
    type than it may (docs/identity.md says how it is decided which edges give way).

    The SQL gives one row per edge, its stronger end first: cluster (anything that no edge leaves),
    strong_node, weak_node (integers), strong_tier, weak_tier (1 is the strongest type),
    strong_limit, weak_limit (most nodes of that type, null for no limit), strong_key, weak_key
    (text that breaks ties), observation_count, first_seen_at, is_declared, owner_share.
    →  table (node, cluster, root, reason, is_borrowed); reason says why a node links no further, else
    null; a borrowed node is with somebody who was not the first to have it

    Later builds compare the rows with those of the last build (kept in <model>__edges) and decide
    only clusters anew in which anything changed.
#}
{% materialization limited_components, default -%}
    {%- set made = [] -%}
    {%- set columns = 'node, cluster, root, reason, is_borrowed' -%}
    {%- set labels = this.incorporate(type='table') -%}
    {%- set known_edges = edges_of_last_build(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set edges = scratch_table('now', sql, made) -%}
    {%- if starts_over(this, known_edges) -%}
        {%- set found = limit_components(edges, made) -%}
        {%- do replace_table(labels, 'select ' ~ columns ~ ' from ' ~ found) -%}
    {%- else -%}
        {%- set stale = scratch_table('stale', clusters_that_differ(edges, known_edges), made) -%}
        {%- set in_stale = ' where cluster in (select cluster from ' ~ stale ~ ')' -%}
        {%- set open_edges = scratch_table('open', 'select * from ' ~ edges ~ in_stale, made) -%}
        {%- set found = limit_components(open_edges, made) -%}
        {%- for query in [
            'delete from ' ~ labels ~ in_stale,
            'insert into ' ~ labels ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from ' ~ found,
        ] -%}
            {%- call statement('main') -%}{{ query }}{%- endcall -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do replace_table(known_edges, 'select * from ' ~ edges) -%}

    {%- do drop_scratch(made) -%}
    {%- do persist_docs(labels, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [labels]}) }}
{%- endmaterialization %}
