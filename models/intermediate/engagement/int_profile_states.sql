-- One row per profile: what follows from its counts, visits and CRM state.
with

profiles as (
    select * from {{ ref('profiles') }}
),

counts as (
    select * from {{ ref('int_profile_behaviors_counted') }}
),

visits as (
    select * from {{ ref('int_profile_visits_summarized') }}
),

suppressions as (
    select * from {{ ref('profile_suppressions') }}
    where channel = 'email'
),

joined as (
    select
        profiles.profile_id,
        profiles.email,
        counts.last_cart_item_added_at,
        counts.last_order_at,
        counts.last_conversion_at,
        visits.return_gap_seconds / 86400.0 as return_gap_days,
        visits.last_visit_started_at,
        suppressions.profile_id is not null as is_suppressed,
        coalesce(counts.order_count, 0) > 0
        or counts.last_deal_won_at is not null
        or coalesce(profiles.crm_lifecycle_stage = 'customer', false) as is_customer
    from profiles
    left join counts on profiles.profile_id = counts.profile_id
    left join visits on profiles.profile_id = visits.profile_id
    left join suppressions on profiles.profile_id = suppressions.profile_id
)

select
    -- ids
    profile_id,

    -- strings
    case when is_customer then 'customer' else 'prospect' end as lifecycle_stage,
    case
        when
            return_gap_days > 0 and return_gap_days <= 1
            and {{ within_days('last_visit_started_at', 1) }}
            then 'hot'
        when
            return_gap_days >= 180
            and {{ within_days('last_visit_started_at', 7) }}
            then 'reactivated'
        when
            return_gap_days >= 14 and return_gap_days < 180
            and {{ within_days('last_visit_started_at', 7) }}
            then 'warm'
        else 'none'
    end as return_band,

    -- booleans
    is_customer,
    is_customer or last_conversion_at is not null as has_converted,
    email is not null and not is_suppressed as is_email_reachable,
    coalesce(
        last_cart_item_added_at > {{ as_of() }} - interval '7' day
        and last_cart_item_added_at < {{ as_of() }} - interval '1' hour
        and (last_order_at is null or last_order_at <= last_cart_item_added_at),
        false
    ) as has_abandoned_cart

from joined
