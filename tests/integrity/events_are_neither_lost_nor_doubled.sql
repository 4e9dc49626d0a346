-- Every delivered event is kept, a duplicate of a kept one, or in quarantine with a reason; and
-- every kept event was delivered once, though its row may have gone since.
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
)

select intake.*

from intake
left join quarantined on intake.source = quarantined.source
where
    intake.delivered_count + intake.withdrawn_count
    <> intake.kept_count + intake.duplicate_count + coalesce(quarantined.row_count, 0)
