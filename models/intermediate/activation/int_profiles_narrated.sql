-- One row per profile: why it is in its primary segment, and what it did lately, as text for people
-- in sales.
with

profiles as (
    select * from {{ ref('profiles') }}
),

segments as (
    select * from {{ ref('profile_segments') }}
),

memberships as (
    select * from {{ ref('int_memberships_explained') }}
),

events as (
    select * from {{ ref('int_events_resolved') }}
    where
        is_engagement
        and (family in ('web', 'email', 'content', 'form') or behavior = 'order_completed')
        and {{ within_days('occurred_at', 30) }}
),

-- Ten pages of one visit are one line, not the whole text.
days as (
    select
        profile_id,
        behavior,
        cast(occurred_at as date) as done_on,
        max(occurred_at) as last_done_at
    from events
    group by profile_id, behavior, cast(occurred_at as date)
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id order by last_done_at desc, behavior
        ) as recency
    from days
),

timelines as (
    select
        profile_id,
        {{ dbt.listagg(
            "cast(done_on as " ~ dbt.type_string() ~ ") || ' ' || behavior", "'; '",
            'order by recency'
        ) }} as recent_activity
    from ranked
    where recency <= 10
    group by profile_id
)

select
    -- ids
    profiles.profile_id,

    -- strings
    memberships.reason,
    timelines.recent_activity

from profiles
left join segments on profiles.profile_id = segments.profile_id
left join memberships
    on
        segments.profile_id = memberships.profile_id
        and segments.primary_segment = memberships.segment
left join timelines on profiles.profile_id = timelines.profile_id
