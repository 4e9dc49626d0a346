-- One row per web event with the visit it belongs to (a run of one visitor's events on one device
-- with gaps under the time-out) and, for a page view, how long the page was looked at.
{% set timeout_seconds = var('visit_timeout_minutes') * 60 %}
with

web_events as (
    select * from {{ ref('int_events_resolved') }}
    where is_web and is_human
),

gaps as (
    select
        source,
        event_id,
        profile_key,
        visit_device_id,
        behavior,
        broader_behavior,
        stage,
        is_engagement,
        occurred_at,
        case when family = 'web' then occurred_at end as page_viewed_at,
        lag(occurred_at) over (
            partition by profile_key, visit_device_id order by occurred_at
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
            partition by profile_key, visit_device_id
            order by occurred_at
            -- Not rows: events of one instant belong to one visit, in whatever order they stand.
            range between unbounded preceding and current row
        ) as visit_number
    from gaps
),

followed as (
    select
        *,
        min(page_viewed_at) over (
            partition by profile_key, visit_device_id, visit_number
            order by occurred_at, source, event_id
            rows between 1 following and unbounded following
        ) as next_page_viewed_at,
        max(occurred_at) over (
            partition by profile_key, visit_device_id, visit_number
        ) as visit_ended_at
    from numbered
)

select
    -- ids
    source,
    event_id,
    profile_key,
    visit_device_id,

    -- strings
    behavior,
    broader_behavior,
    stage,

    -- numbers
    visit_number,
    -- The last page was looked at until the visit's last event.
    {{ seconds_between('page_viewed_at', 'coalesce(next_page_viewed_at, visit_ended_at)') }}
        as seconds_on_page,

    -- booleans
    is_engagement,

    -- timestamps
    occurred_at

from followed
