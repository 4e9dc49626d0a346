-- Warns about behaviors of the catalogue that no event can mean: no rule of
-- seeds/behavior_rules.csv yields them, nor one of their kinds. Whatever asks about them finds
-- nobody.
{{ config(severity='warn') }}

with

behaviors as (
    select * from {{ ref('behaviors') }}
),

yielded as (
    select behavior from {{ ref('behavior_rules') }}
),

-- A kind counts for the broader behavior as well.
meant as (
    select behavior from yielded

    union

    select behaviors.broader_behavior as behavior
    from behaviors
    inner join yielded on behaviors.behavior = yielded.behavior
)

select behaviors.behavior

from behaviors
left join meant on behaviors.behavior = meant.behavior
where
    meant.behavior is null
    -- What no rule knows is other; which orders count as none their refunds say, and which view is
    -- a reload the one before.
    and behaviors.behavior not in ('other', 'order_taken_back', 'page_reloaded')
