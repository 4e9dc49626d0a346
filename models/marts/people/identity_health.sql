-- One row: how healthy identity is as of as_of. Numbers beyond var identity_health_limits fail the
-- build.
with

profiles as (
    select * from {{ ref('profiles') }}
),

identifiers as (
    select * from {{ ref('profile_identifiers') }}
),

logged as (
    select * from {{ ref('profile_merges') }}
    where {{ within_days('changed_at', 1) }}
),

rules as (
    select * from {{ ref('int_identity_rules_versioned') }}
),

counted_profiles as (
    select
        count(*) as profile_count,
        coalesce(max(identifier_count), 0) as largest_profile
    from profiles
),

counted_identifiers as (
    select
        count(*) as identifier_count,
        count(suppression_reason) as suppressed_count,
        count(case when suppression_reason in ('blocked_value', 'hub') then 1 end) as blocked_count
    from identifiers
),

counted_merges as (
    select
        count(case when change = 'merged' then 1 end) as merge_count_1d,
        count(case when change = 'split' then 1 end) as split_count_1d
    from logged
)

select
    -- ids
    rules.rules_version,

    -- numbers
    counted_profiles.profile_count,
    counted_profiles.largest_profile,
    counted_identifiers.identifier_count,
    counted_identifiers.blocked_count,
    counted_identifiers.suppressed_count,
    counted_merges.merge_count_1d,
    counted_merges.split_count_1d,
    -- Against a thousand people at least, so that three merges among twenty alarm nobody.
    cast(counted_merges.merge_count_1d as {{ type_double() }})
    / greatest(counted_profiles.profile_count, 1000) as merge_share_1d,
    cast(counted_identifiers.blocked_count as {{ type_double() }})
    / greatest(counted_identifiers.identifier_count, 1) as blocked_share,
    cast(counted_identifiers.suppressed_count as {{ type_double() }})
    / greatest(counted_identifiers.identifier_count, 1) as suppressed_share,

    -- timestamps
    {{ as_of() }} as as_of

from counted_profiles
cross join counted_identifiers
cross join counted_merges
cross join rules
