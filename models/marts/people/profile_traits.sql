-- One row per person: what segments, BI and the CRM need to know, as of as_of. Never null where a
-- number or a boolean is meant.
with

profiles as (
    select * from {{ ref('profiles') }}
),

counts as (
    select * from {{ ref('int_profile_behaviors_counted') }}
),

engaged as (
    select * from {{ ref('int_profiles_engaged') }}
),

graded as (
    select * from {{ ref('int_profiles_graded') }}
),

states as (
    select * from {{ ref('int_profile_states') }}
)

select
    -- ids
    profiles.profile_id,
    graded.account_id,

    -- strings
    states.lifecycle_stage,
    graded.grade,

    -- numbers
    {%- for trait in counted_traits() %}
    coalesce(counts.{{ trait.column }}, 0)
        as {{ trait.column }},
    {%- endfor %}
    coalesce(counts.order_count, 0) as order_count,
    coalesce(counts.discounted_order_count, 0) as discounted_order_count,
    coalesce(counts.longest_video_seconds_30d, 0) as longest_video_seconds_30d,
    coalesce(counts.longest_product_demo_seconds, 0) as longest_product_demo_seconds,
    {%- for bounce in bounce_traits() %}
    engaged.{{ bounce.column }},
    {%- endfor %}
    engaged.visit_count_7d,
    engaged.product_page_seconds_7d,
    engaged.top_category_view_count_14d,
    engaged.counted_emails,
    engaged.consecutive_emails_opened,
    engaged.consecutive_emails_ignored,
    engaged.emails_opened_of_last_10,
    engaged.emails_opened_of_previous_10,
    engaged.engagement_score,
    graded.fit_score,

    -- booleans
    profiles.is_identified,
    states.is_customer,
    states.has_converted,
    states.is_email_reachable,
    {%- for order in ordered_traits() %}
    coalesce(counts.{{ order.column }}, false)
        as {{ order.column }},
    {%- endfor %}
    states.has_abandoned_cart,
    states.has_abandoned_checkout,
    engaged.has_abandoned_form,
    states.is_loyalty_member,
    graded.is_top_decile_user,
    graded.has_complete_fit,
    graded.is_firmographics_stale,
    states.is_decision_maker,
    states.is_competitor,
    states.is_disqualified_in_crm,

    -- timestamps
    {{ as_of() }} as as_of,
    profiles.first_seen_at,
    counts.last_engaged_at,
    counts.first_case_study_downloaded_at,
    counts.last_order_at,
    states.became_customer_at,
    states.last_customer_activity_at,
    engaged.last_visit_started_at,
    engaged.previous_visit_ended_at,
    engaged.last_visit_ended_at

from profiles
inner join engaged on profiles.profile_id = engaged.profile_id
inner join graded on profiles.profile_id = graded.profile_id
inner join states on profiles.profile_id = states.profile_id
left join counts on profiles.profile_id = counts.profile_id
