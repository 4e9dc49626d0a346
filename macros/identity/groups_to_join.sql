{#
    The query for the groups that can be joined now, whatever else is decided, with the group that
    takes them in: the two of a touch that comes first for both of them; and a group that holds
    nothing limited with the one that its first touch leads to, if that holds something.

    →  (root, new_root), one row per group that is taken in
#}
{% macro groups_to_join(open_touches, sizes) -%}
    with

    ends as (
        select place, component, node_a as root, node_b as other from {{ open_touches }}
        union all
        select place, component, node_b as root, node_a as other from {{ open_touches }}
    ),

    firsts as (
        select
            ends.root,
            min(ends.place) as place
        from ends
        group by ends.root
    ),

    sized as (
        select distinct root from {{ sizes }}
    ),

    leads as (
        select
            ends.root,
            ends.other,
            own.root is not null as is_sized,
            others.root is not null as is_other_sized,
            other_firsts.place = ends.place as is_mutual
        from ends
        inner join firsts on ends.root = firsts.root and ends.place = firsts.place
        inner join firsts as other_firsts on ends.other = other_firsts.root
        left join sized as own on ends.root = own.root
        left join sized as others on ends.other = others.root
    ),

    paired as (
        select
            root,
            other as new_root
        from leads
        where is_mutual and is_sized = is_other_sized and root > other
    ),

    taken_in as (
        select
            root,
            other as new_root
        from leads
        where not is_sized and is_other_sized
    )

    select
        taken_in.root,
        coalesce(paired.new_root, taken_in.new_root) as new_root
    from taken_in
    left join paired on taken_in.new_root = paired.root
    union all
    select
        root,
        new_root
    from paired
{%- endmacro %}
