-- Every delivered event is kept, a duplicate of a kept one, or in quarantine with a reason; every
-- kept event was delivered once, though its row may have gone since; and every event that is
-- remembered is kept, in quarantine, taken back by its CRM, or of a source that is switched off.
-- A row is a source whose counts do not add up.
with

intake as (
    select * from {{ ref('event_intake') }}
),

quarantined as (
    select
        source,
        count(*) as row_count
    from {{ ref('events_quarantined') }}
    group by source
),

remembered as (
    select
        events.source,
        count(*) as row_count
    from {{ ref('int_events') }} as events
    left join {{ ref('int_events_withdrawn') }} as withdrawn
        on events.source = withdrawn.source and events.event_id = withdrawn.event_id
    where withdrawn.event_id is null
    group by events.source
),

unidentified as (
    select
        source,
        count(*) as row_count
    from {{ ref('int_events_identified') }}
    where identifier_type is null and not is_arrival
    group by source
)

select
    coalesce(intake.source, remembered.source) as source,
    intake.delivered_count,
    intake.withdrawn_count,
    intake.kept_count,
    intake.duplicate_count,
    quarantined.row_count as quarantined_count,
    intake.retired_count,
    remembered.row_count as remembered_count

from intake
full outer join remembered on intake.source = remembered.source
left join quarantined on intake.source = quarantined.source
left join unidentified on intake.source = unidentified.source
where
    intake.source is null
    or intake.delivered_count + intake.withdrawn_count
    <> intake.kept_count + intake.duplicate_count + coalesce(quarantined.row_count, 0)
    or coalesce(remembered.row_count, 0)
    <> intake.kept_count + coalesce(unidentified.row_count, 0) + intake.retired_count
