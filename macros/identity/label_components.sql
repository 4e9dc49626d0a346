{#
    Label the connected components of a graph: every node gets the smallest node it is connected to.

    edges (node_a, node_b): (1, 2), (2, 5), (7, 7)
    →  scratch table (node, root): (1, 1), (2, 1), (5, 1), (7, 7)

    In each round every node hooks onto its least neighbour, pointers are doubled until each one
    points at the end of its chain, and the edges are contracted onto those ends. Two rounds at
    least halve the nodes and two hops at least halve a chain, so 64 of each do for any bigint; a
    loop that has not ended by then raises, because a component too many is a person too many.
#}
{% macro label_components(edges, name, made) -%}
    {%- set state = namespace(edges=edges, parents=none, open_edges=1, moved=1) -%}
    {%- set rounds = [] -%}

    {%- for round in range(64) if state.open_edges -%}
        {%- set prefix = name ~ '_' ~ round -%}
        {%- set state.parents = scratch_table(prefix ~ '_hooked', hook_to_least(state.edges), made) -%}
        {%- set state.moved = 1 -%}

        {%- for hop in range(64) if state.moved -%}
            {%- set near = state.parents -%}
            {%- set state.parents = scratch_table(prefix ~ '_hop_' ~ hop,
                'select near.node, far.root, near.root <> far.root as has_moved from ' ~ near
                ~ ' as near inner join ' ~ near ~ ' as far on near.root = far.node', made) -%}
            {%- do drop_scratch(made, [near]) -%}
            {%- set state.moved = count_rows(state.parents, 'has_moved') -%}
        {%- endfor -%}

        {#- One end at a time: an optimizer that sees `<>` between two of three tables may cross them. -#}
        {%- set half = scratch_table(prefix ~ '_half',
            'select near.root as node_a, edges.node_b from ' ~ state.edges ~ ' as edges'
            ~ ' inner join ' ~ state.parents ~ ' as near on edges.node_a = near.node', made) -%}
        {%- set state.edges = scratch_table(prefix ~ '_edges',
            'select distinct half.node_a, far.root as node_b from ' ~ half ~ ' as half'
            ~ ' inner join ' ~ state.parents ~ ' as far on half.node_b = far.node'
            ~ ' where half.node_a <> far.root', made) -%}
        {%- do drop_scratch(made, [half]) -%}
        {%- set state.open_edges = count_rows(state.edges) -%}
        {%- do rounds.append(state.parents) -%}
    {%- endfor -%}

    {%- if state.open_edges or state.moved -%}
        {{ exceptions.raise_compiler_error(
            this ~ ': the components of ' ~ edges ~ ' have not converged; ' ~ state.open_edges ~ ' edges are left'
        ) }}
    {%- endif -%}

    {#- What the last round found is true of the ends of the round before it, and so on back. -#}
    {%- set state.parents = rounds.pop() -%}
    {%- for finer in rounds | reverse -%}
        {%- set state.parents = scratch_table(name ~ '_composed_' ~ loop.index,
            'select finer.node, coalesce(coarser.root, finer.root) as root from ' ~ finer ~ ' as finer'
            ~ ' left join ' ~ state.parents ~ ' as coarser on finer.root = coarser.node', made) -%}
    {%- endfor -%}
    {{ return(state.parents) }}
{%- endmacro %}
