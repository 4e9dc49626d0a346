-- One row per person who did anything lately: what, as text for people in sales.
with

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
        profile_key,
        behavior,
        cast(occurred_at as date) as done_on,
        max(occurred_at) as last_done_at
    from events
    group by profile_key, behavior, cast(occurred_at as date)
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_key order by last_done_at desc, behavior
        ) as recency
    from days
)

select
    -- ids
    profile_key,

    -- strings
    {{ text_list(
        "cast(done_on as " ~ dbt.type_string() ~ ") || ' ' || behavior", '; ', 'recency'
    ) }} as recent_activity

from ranked
where recency <= 10
group by profile_key
