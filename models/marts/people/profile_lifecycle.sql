-- One row per person and stage of the lifecycle that they were in, in order.
with

profiles as (
    select * from {{ ref('int_profiles') }}
    where is_internal is not true
),

lifecycle as (
    select * from {{ ref('int_profile_lifecycle') }}
)

select
    -- ids
    profiles.profile_id,

    -- strings
    lifecycle.stage,
    lifecycle.changed_by,

    -- booleans
    lifecycle.until_at is null as is_current,

    -- timestamps
    lifecycle.since_at,
    lifecycle.until_at

from lifecycle
inner join profiles on lifecycle.profile_key = profiles.profile_key
