-- No event up to as_of is lost on the way to its profile and behavior, unless it is in quarantine
-- because every identifier it carries is void.
-- A row is a source whose events do not all arrive.
with

expected as (
    select
        source,
        count(*) as event_count
    from {{ ref('int_events_identified') }}
    where occurred_at <= {{ as_of() }} and identifier_type is not null
    group by source
),

resolved as (
    select
        source,
        count(*) as event_count
    from {{ ref('int_events_resolved') }}
    group by source
)

select
    expected.source,
    expected.event_count,
    coalesce(resolved.event_count, 0) as resolved_count

from expected
left join resolved on expected.source = resolved.source
where expected.event_count <> coalesce(resolved.event_count, 0)
