-- One row per profile and channel on which nobody may contact this person, with the first reason.
-- Every model that leaves the warehouse reads it.
with

suppressions as (
    select * from {{ ref('int_profile_suppressions') }}
),

profiles as (
    select * from {{ ref('int_profiles') }}
)

select
    profiles.profile_id,
    suppressions.channel,
    suppressions.reason,
    suppressions.suppressed_at

from suppressions
inner join profiles on suppressions.profile_key = profiles.profile_key
