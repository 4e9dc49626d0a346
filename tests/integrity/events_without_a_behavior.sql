-- Warns about events that no rule knows. They stay, as behavior `other`, and count for nothing:
-- add a line for each name to seeds/behavior_rules.csv.
-- A row is a name of an event, with how many events have it.
{{ config(severity='warn') }}

select
    names.source,
    names.event_name,
    names.event_count

from {{ ref('int_event_names') }} as names
where exists (
    select 1
    from {{ ref('int_event_kinds_classified') }} as kinds
    where
        kinds.source = names.source
        and kinds.event_name = names.event_name
        and kinds.behavior = 'other'
)
