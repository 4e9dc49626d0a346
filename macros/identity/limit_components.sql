{#
    Group typed nodes, the strongest type first, so that no group exceeds a limit. Takes the edges
    that limited_components describes and returns the scratch table of typed_nodes, in which root
    is the smallest node of the group and reason says why a node links no further.

    Declared edges hold from the start. Then, type by type, every node of the type touches the
    groups of stronger nodes that it was seen with. Only where joining what touches would break a
    limit do touches give way: first those of shared nodes, then, if a limit is still broken, those
    that come last. Whoever is left out links nothing of a weaker type.
#}
{% macro limit_components(edges, made) -%}
    {%- set declared = label_components(
        scratch_table('declared', declared_links(edges), made), 'declared', made
    ) -%}
    {%- set state = namespace(nodes=scratch_table('nodes', typed_nodes(edges, declared), made)) -%}
    {%- set tiers = run_query('select distinct weak_tier from ' ~ edges ~ ' order by weak_tier').columns[0].values() -%}

    {%- for tier in tiers -%}
        {%- set name = 'tier_' ~ tier -%}
        {%- set open_edges = scratch_table(name ~ '_edges', typed_edges(edges, state.nodes, tier), made) -%}
        {%- set state.touches = scratch_table(name ~ '_touches', touched_groups(open_edges, state.nodes), made) -%}
        {%- if count_rows(state.touches) -%}
            {%- set state.groups = label_components(state.touches, name, made) -%}

            {%- for verdict in ['shared', 'seated'] -%}
                {%- set over = scratch_table(
                    name ~ '_over_' ~ verdict, groups_over_limit(state.nodes, state.groups), made
                ) -%}
                {%- if count_rows(over) -%}
                    {%- if verdict == 'shared' -%}
                        {%- set judged = scratch_table(
                            name ~ '_shared',
                            shared_touches(state.touches, state.nodes, state.groups, over, tier), made
                        ) -%}
                    {%- else -%}
                        {%- set judged = seat_touches(
                            state.touches, open_edges, state.nodes, state.groups, over, tier,
                            name ~ '_seated', made
                        ) -%}
                    {%- endif -%}
                    {%- set state.nodes = scratch_table(
                        name ~ '_nodes_' ~ verdict, nodes_with_reasons(state.nodes, judged), made
                    ) -%}
                    {%- set state.touches = scratch_table(
                        name ~ '_kept_' ~ verdict, 'select * from ' ~ judged ~ ' where is_kept', made
                    ) -%}
                    {%- set state.groups = label_components(state.touches, name ~ '_' ~ verdict, made) -%}
                {%- endif -%}
            {%- endfor -%}

            {%- set state.nodes = scratch_table(name ~ '_nodes', regrouped_nodes(state.nodes, state.groups), made) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(state.nodes) }}
{%- endmacro %}
