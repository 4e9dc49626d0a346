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
        counts.last_cart_item_added_at,
        counts.last_checkout_started_at,
        counts.first_order_at,
        counts.last_order_at,
        counts.first_deal_won_at,
        counts.last_purchase_or_use_at,
        counts.last_conversion_at,
        counts.last_loyalty_joined_at,
        counts.last_loyalty_left_at,
        coalesce(accounts.is_competitor, false) as is_competitor,
        coalesce(addresses.is_deliverable, false)
        and suppressions.profile_key is null as is_email_reachable,
        counts.first_order_at is not null
        or counts.first_deal_won_at is not null
        or coalesce(
            details.crm_lifecycle_stage in (
                {%- for stage in var('crm_customer_stages') %}
                '{{ stage }}'{{ ',' if not loop.last }}
                {%- endfor %}
            ),
            false
        ) as is_customer
    from profiles
    left join details on profiles.profile_key = details.profile_key
    left join counts on profiles.profile_key = counts.profile_key
    left join accounts on profiles.profile_key = accounts.profile_key
    left join addresses on profiles.profile_key = addresses.profile_key
    left join suppressions on profiles.profile_key = suppressions.profile_key
)

select
    -- ids
    profile_key,

    -- strings
    case when is_customer then 'customer' else 'prospect' end as lifecycle_stage,

    -- booleans
    is_customer,
    is_customer or last_conversion_at is not null as has_converted,
    is_email_reachable,
    {{ is_abandoned('last_cart_item_added_at', 'last_order_at') }} as has_abandoned_cart,
    {{ is_abandoned('last_checkout_started_at', 'last_order_at') }} as has_abandoned_checkout,
    last_loyalty_joined_at is not null
    and (last_loyalty_left_at is null or last_loyalty_left_at < last_loyalty_joined_at)
        as is_loyalty_member,
    is_competitor,
    coalesce(';' || crm_buying_roles || ';' like '%;DECISION_MAKER;%', false) as is_decision_maker,
    coalesce(
        crm_lead_status in ('{{ var("disqualified_lead_statuses") | join("', '") }}'), false
    ) as is_disqualified_in_crm,

    -- timestamps
    least(first_order_at, first_deal_won_at, crm_customer_since_at) as became_customer_at,
    case when is_customer then last_purchase_or_use_at end as last_customer_activity_at

from joined
