-- One row per person the CRM should know more about: identified, with an address that can receive
-- mail, and nobody who must not be contacted.
with

profiles as (
    select * from {{ ref('profiles') }}
),

traits as (
    select * from {{ ref('profile_traits') }}
),

details as (
    select
        keys.profile_id,
        details.crm_owner_id,
        activities.recent_activity
    from {{ ref('int_profiles') }} as keys
    left join {{ ref('int_profile_details') }} as details
        on keys.profile_key = details.profile_key
    left join {{ ref('int_profile_activities_narrated') }} as activities
        on keys.profile_key = activities.profile_key
),

segments as (
    select * from {{ ref('profile_segments') }}
),

members as (
    select * from {{ ref('segment_members') }}
),

interests as (
    select * from {{ ref('profile_tags') }}
    where kind = 'product' and interest_rank = 1
)

select
    -- ids
    profiles.profile_id,
    profiles.email,
    profiles.crm_contact_id,
    details.crm_owner_id,
    traits.account_id,

    -- strings
    profiles.first_name,
    profiles.last_name,
    traits.lifecycle_stage,
    traits.grade,
    traits.order_currency,
    interests.value as product_interest,
    segments.primary_segment,
    coalesce(segments.segments, '') as segments,
    members.reason,
    details.recent_activity,

    -- numbers
    coalesce(segments.segment_count, 0) as segment_count,
    cast({{ round_to('traits.engagement_score') }} as integer) as engagement_score,
    cast(traits.fit_score as integer) as fit_score,
    cast(traits.{{ times('pricing_page_viewed', within_days=30) }} as integer)
        as pricing_page_views_30d,
    traits.order_value_365d,
    traits.average_order_value,
    traits.last_order_value,

    -- booleans
    traits.is_firmographics_stale,

    -- timestamps
    traits.last_engaged_at,
    traits.last_order_at,
    traits.as_of

from profiles
inner join traits on profiles.profile_id = traits.profile_id
inner join details on profiles.profile_id = details.profile_id
left join segments on profiles.profile_id = segments.profile_id
left join members
    on
        segments.profile_id = members.profile_id
        and segments.primary_segment = members.segment
left join interests on profiles.profile_id = interests.profile_id
where
    traits.is_email_reachable
    and {{ is_email_address('profiles.email') }}
