-- One row per profile: what follows from its counts and from the CRM's word.
with

profiles as (
    select * from {{ ref('int_profiles') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

counts as (
    select * from {{ ref('int_profile_behaviors_counted') }}
),

lifecycle as (
    select * from {{ ref('int_profile_lifecycle') }}
    where until_at is null
),

-- What holds now, and why.
reasons as (
    select
        profile_key,
        {{ dbt.bool_or("began_by = 'demo_requested'") }} as has_open_demo_request,
        {{ dbt.bool_or("began_by = 'trial_started'") }} as is_on_trial,
        {{ dbt.bool_or("began_by = 'deal_created'") }} as has_open_deal
    from {{ ref('int_profile_stages_begun') }}
    where ended_at is null
    group by profile_key
),

pasts as (
    select distinct profile_key
    from {{ ref('int_profile_lifecycle') }}
    where stage = 'customer'
),

carts as (
    select * from {{ ref('int_profile_carts_summarized') }}
),

accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

addresses as (
    select * from {{ ref('int_profile_addresses') }}
),

suppressions as (
    select * from {{ ref('int_profile_suppressions') }}
    where channel = 'email'
),

joined as (
    select
        profiles.profile_key,
        {{ as_of() }} as as_of,
        details.crm_lead_status,
        details.crm_buying_roles,
        details.crm_customer_since_at,
        carts.last_cart_item_added_at,
        carts.last_checkout_started_at,
        counts.first_order_at,
        counts.first_deal_won_at,
        counts.last_purchase_or_use_at,
        counts.last_deal_lost_at,
        counts.last_researched_at,
        counts.last_loyalty_joined_at,
        counts.last_loyalty_left_at,
        coalesce(accounts.is_competitor, false) as is_competitor,
        coalesce(addresses.is_deliverable, false)
        and suppressions.profile_key is null as is_email_reachable,
        lifecycle.stage as lifecycle_stage,
        lifecycle.since_at as lifecycle_since_at,
        lifecycle.stage = 'customer' as is_customer,
        pasts.profile_key is not null as was_customer,
        coalesce(reasons.has_open_demo_request, false) as has_open_demo_request,
        coalesce(reasons.is_on_trial, false) as is_on_trial,
        coalesce(reasons.has_open_deal, false) as has_open_deal
    from profiles
    left join lifecycle on profiles.profile_key = lifecycle.profile_key
    left join reasons on profiles.profile_key = reasons.profile_key
    left join pasts on profiles.profile_key = pasts.profile_key
    left join details on profiles.profile_key = details.profile_key
    left join counts on profiles.profile_key = counts.profile_key
    left join carts on profiles.profile_key = carts.profile_key
    left join accounts on profiles.profile_key = accounts.profile_key
    left join addresses on profiles.profile_key = addresses.profile_key
    left join suppressions on profiles.profile_key = suppressions.profile_key
)

select
    -- ids
    profile_key,

    -- strings
    lifecycle_stage,

    -- booleans
    is_customer,
    lifecycle_stage in ('opportunity', 'customer') as has_converted,
    was_customer and not is_customer as is_former_customer,
    has_open_demo_request,
    is_on_trial and not is_customer as is_on_trial,
    has_open_deal,
    is_email_reachable,
    {{ is_abandoned('last_cart_item_added_at') }} as has_abandoned_cart,
    {{ is_abandoned('last_checkout_started_at') }} as has_abandoned_checkout,
    last_loyalty_joined_at is not null
    and (last_loyalty_left_at is null or last_loyalty_left_at < last_loyalty_joined_at)
        as is_loyalty_member,
    is_competitor,
    coalesce(';' || crm_buying_roles || ';' like '%;DECISION_MAKER;%', false) as is_decision_maker,
    coalesce(
        crm_lead_status in ('{{ var("disqualified_lead_statuses") | join("', '") }}'), false
    ) as is_disqualified_in_crm,

    -- timestamps
    lifecycle_since_at,
    last_deal_lost_at,
    last_researched_at,
    least(first_order_at, first_deal_won_at, crm_customer_since_at) as became_customer_at,
    case when is_customer then last_purchase_or_use_at end as last_customer_activity_at

from joined
