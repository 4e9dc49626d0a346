{#
    Judge touches where a limit is broken although shared nodes gave way: one after the other, in
    the order of ranked_touches, each joins its two groups unless together they would hold more
    nodes of a type than they may. So a person keeps as many as they may have and the rest is left
    out; nobody falls to pieces over it.

    Done for all groups at once, with the result of one after the other: what is over a limit now
    stays over it, and a touch that comes first for both of its groups, or for one of them that
    holds nothing that is limited, can be joined whatever the others do.

    →  the scratch table of the touches with is_kept, is_borrowed and reason, and of whoever was
       left out by a touch of another node
#}
{% macro seat_touches(touches, edges, nodes, groups, over, tier, name, made) -%}
    {%- set ranked = scratch_table(name ~ '_ranked', ranked_touches(touches, nodes, groups, over), made) -%}
    {%- set state = namespace(
        open=scratch_table(name ~ '_open_0',
            'select component, place, node_a, node_b from ' ~ ranked ~ ' where is_broken', made),
        sizes=scratch_table(name ~ '_sizes_0', group_sizes(nodes), made),
        left=1
    ) -%}
    {%- set refusals = [] -%}

    {%- for round in range(1000) if state.left -%}
        {%- set prefix = name ~ '_' ~ round -%}
        {%- set refused = scratch_table(prefix ~ '_refused', touches_over_limit(state.open, state.sizes), made) -%}
        {%- set left = scratch_table(prefix ~ '_left',
            'select open.* from ' ~ state.open ~ ' as open left join (select distinct component, place from '
            ~ refused ~ ') as refused on open.component = refused.component and open.place = refused.place'
            ~ ' where refused.place is null', made) -%}
        {%- set moves = scratch_table(prefix ~ '_moves', groups_to_join(left, state.sizes), made) -%}
        {%- set sizes = scratch_table(prefix ~ '_sizes', moved_sizes(state.sizes, moves), made) -%}
        {%- set open = scratch_table(prefix ~ '_open', moved_touches(left, moves), made) -%}
        {%- do drop_scratch(made, [state.open, state.sizes, left, moves]) -%}
        {%- set state.open = open -%}
        {%- set state.sizes = sizes -%}
        {%- set state.left = count_rows(open) -%}
        {%- do refusals.append('select * from ' ~ refused) -%}
    {%- endfor -%}

    {%- if state.left -%}
        {{ exceptions.raise_compiler_error(this ~ ': ' ~ state.left ~ ' touches are not decided') }}
    {%- endif -%}

    {#- Which types are over their limit is asked of the groups that came out. -#}
    {%- set refused = scratch_table(name ~ '_refused',
        'select ranked.component, ranked.place, ranked.node_a, ranked.node_b from ' ~ ranked ~ ' as ranked'
        ~ ' inner join (select distinct component, place from (' ~ refusals | join(' union all ') ~ ') as each_round)'
        ~ ' as refused on ranked.component = refused.component and ranked.place = refused.place', made) -%}
    {%- set kept = scratch_table(name ~ '_kept',
        'select ranked.node_a, ranked.node_b from ' ~ ranked ~ ' as ranked left join ' ~ refused ~ ' as refused'
        ~ ' on ranked.component = refused.component and ranked.place = refused.place where refused.place is null', made) -%}
    {%- set joined = label_components(kept, name ~ '_fit', made) -%}
    {%- set moves = scratch_table(
        name ~ '_moves', 'select node as root, root as new_root from ' ~ joined, made
    ) -%}
    {%- set sizes = scratch_table(
        name ~ '_sizes', moved_sizes('(' ~ group_sizes(nodes) ~ ')', moves), made
    ) -%}
    {%- set apart = scratch_table(name ~ '_apart', moved_touches(refused, moves), made) -%}
    {%- set over_types = scratch_table(name ~ '_over_types', touches_over_limit(apart, sizes), made) -%}
    {{ return(scratch_table(name ~ '_judged', judged_touches(ranked, over_types, edges, nodes, tier), made)) }}
{%- endmacro %}
