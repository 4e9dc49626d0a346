-- One row per visit: a run of one visitor's web events on one device with gaps under the time-out.
{% set timeout_seconds = var('visit_timeout_minutes') * 60 %}
with

web_events as (
    select * from {{ ref('int_events_resolved') }}
    where is_web
),

gaps as (
    select
        profile_id,
        device_id,
        behavior,
        occurred_at,
        lag(occurred_at) over (
            partition by profile_id, device_id order by occurred_at
        ) as previous_event_at
    from web_events
),

numbered as (
    select
        *,
        sum(
            case
                when previous_event_at is null then 1
                when
                    {{ seconds_between('previous_event_at', 'occurred_at') }}
                    >= {{ timeout_seconds }}
                    then 1
                else 0
            end
        ) over (
            partition by profile_id, device_id
            order by occurred_at
            -- Not rows: events of one instant belong to one visit, in whatever order they stand.
            range between unbounded preceding and current row
        ) as visit_number
    from gaps
)

select
    -- ids
    {{ dbt.hash(dbt.concat([
        'profile_id', "'|'", 'device_id', "'|'",
        'cast(visit_number as ' ~ dbt.type_string() ~ ')',
    ])) }} as visit_id,
    profile_id,
    device_id,

    -- numbers
    visit_number,
    count(*) as event_count,

    -- timestamps
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at

from numbered
group by profile_id, device_id, visit_number
