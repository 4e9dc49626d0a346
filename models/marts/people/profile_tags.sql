-- One row per profile and tag that was touched in the last var tag_valid_days: what somebody takes
-- an interest in, without any rule of yours. Rank 1 is the strongest tag of its kind.
with

event_tags as (
    select * from {{ ref('int_event_tags') }}
),

summarized as (
    select
        profile_id,
        kind,
        tag_value,
        count(case when {{ within_days('occurred_at', var('tag_valid_days')) }} then 1 end)
            as event_count,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from event_tags
    group by profile_id, kind, tag_value
)

select
    -- ids
    profile_id,

    -- strings
    kind,
    tag_value as value,

    -- numbers
    event_count,
    row_number() over (
        partition by profile_id, kind order by event_count desc, last_at desc, tag_value
    ) as interest_rank,

    -- timestamps
    first_at,
    last_at

from summarized
where event_count > 0
