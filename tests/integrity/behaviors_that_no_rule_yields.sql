-- Warns about behaviors of the catalogue that no event can mean: no rule of seeds/behavior_rules.csv
-- yields them, nor one of their kinds. Whatever asks about them finds nobody.
{{ config(severity='warn') }}

with

behaviors as (
    select * from {{ ref('behaviors') }}
),

yielded as (
    select behavior from {{ ref('behavior_rules') }}
),

-- A kind counts for the broader behavior as well.
broader as (
    select behaviors.broader_behavior as behavior
    from behaviors
    inner join yielded on behaviors.behavior = yielded.behavior
)

select behaviors.behavior

from behaviors
where
    -- What no rule knows is other.
    behaviors.behavior <> 'other'
    and not exists (select 1 from yielded where yielded.behavior = behaviors.behavior)
    and not exists (select 1 from broader where broader.behavior = behaviors.behavior)
