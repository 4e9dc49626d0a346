-- One row per profile and tag that was touched in the last var tag_valid_days: what somebody takes
-- an interest in, without any rule of yours. Rank 1 is the strongest tag of its kind.
with

event_tags as (
    select * from {{ ref('int_event_tags') }}
),

profiles as (
    select * from {{ ref('int_profiles') }}
),

summarized as (
    select
        profile_key,
        kind,
        tag_value,
        count(case when {{ within_days('occurred_at', var('tag_valid_days')) }} then 1 end)
            as event_count,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from event_tags
    group by profile_key, kind, tag_value
)

select
    -- ids
    profiles.profile_id,

    -- strings
    summarized.kind,
    summarized.tag_value as value,

    -- numbers
    summarized.event_count,
    cast(row_number() over (
        partition by summarized.profile_key, summarized.kind
        order by summarized.event_count desc, summarized.last_at desc, summarized.tag_value
    ) as bigint) as interest_rank,

    -- timestamps
    summarized.first_at,
    summarized.last_at

from summarized
inner join profiles on summarized.profile_key = profiles.profile_key
where summarized.event_count > 0
