-- One row per person: what segments, BI and the CRM need to know, as of as_of. Never null where a
-- number or a boolean is meant.
with

profiles as (
    select * from {{ ref('int_profiles') }}
    -- Who works here is in no segment, so in nothing that leaves the warehouse.
    where is_internal is not true
),

counts as (
    select * from {{ ref('int_profile_behaviors_counted') }}
),

sequences as (
    select * from {{ ref('int_profile_sequences_matched') }}
),

visits as (
    select * from {{ ref('int_profile_visits_summarized') }}
),

pages as (
    select * from {{ ref('int_profile_pages_summarized') }}
),

emails as (
    select * from {{ ref('int_profile_emails_summarized') }}
),

double_clicks as (
    select * from {{ ref('int_profile_double_clicks') }}
),

forms as (
    select * from {{ ref('int_profile_forms_summarized') }}
),

orders as (
    select * from {{ ref('int_profile_orders_summarized') }}
),

categories as (
    select * from {{ ref('int_profile_categories_summarized') }}
),

carts as (
    select * from {{ ref('int_profile_carts_summarized') }}
),

unbought as (
    select * from {{ ref('int_profile_products_unbought') }}
),

accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

fits as (
    select * from {{ ref('int_profiles_fitted') }}
),

states as (
    select * from {{ ref('int_profile_states') }}
),

customers as (
    select * from {{ ref('int_customers_ranked') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

companies as (
    select * from {{ ref('int_companies_stated') }}
),

deals as (
    select * from {{ ref('int_profile_deals_summarized') }}
),

scored as (
    select
        profiles.profile_key,
        coalesce(fits.fit_score, 0) as fit_score,
        {{ round_to('coalesce(counts.engagement_points, 0)', 4) }} as engagement_score
    from profiles
    left join counts on profiles.profile_key = counts.profile_key
    left join fits on profiles.profile_key = fits.profile_key
)

select
    -- ids
    profiles.profile_id,
    accounts.account_id,

    -- strings
    states.lifecycle_stage,
    {{ grade_of('scored.fit_score', var('fit_grade_points'), 'ABCD') }}
    || {{ grade_of('scored.engagement_score', var('engagement_grade_points'), '1234') }} as grade,
    orders.order_currency,
    case when states.has_abandoned_cart then carts.cart_items end as abandoned_cart_items,
    case when states.has_abandoned_cart then carts.cart_link end as abandoned_cart_link,
    {%- for object, table in [
        ('contact', 'details'), ('company', 'companies'), ('deal', 'deals')
    ] %}
    {%- for name in crm_properties(object) %}
    {{ json_text(table ~ '.crm_properties', name) }} as crm_{{ name }},
    {%- endfor %}
    {%- endfor %}

    -- numbers
    {%- for trait in counted_traits() %}
    coalesce(counts.{{ trait.column }}, 0)
        as {{ trait.column }},
    {%- endfor %}
    coalesce(counts.order_count, 0) as order_count,
    coalesce(counts.discounted_order_count, 0) as discounted_order_count,
    coalesce(orders.order_value_365d, 0) as order_value_365d,
    coalesce(orders.average_order_value, 0) as average_order_value,
    coalesce(orders.last_order_value, 0) as last_order_value,
    case when states.has_abandoned_cart then coalesce(carts.cart_value, 0) else 0 end
        as abandoned_cart_value,
    coalesce(unbought.unbought_product_count_14d, 0) as unbought_product_count_14d,
    coalesce(counts.longest_video_seconds_30d, 0) as longest_video_seconds_30d,
    coalesce(counts.longest_product_demo_seconds_180d, 0) as longest_product_demo_seconds_180d,
    {%- for bounce in bounce_traits() %}
    coalesce(visits.{{ bounce.column }}, 0)
        as {{ bounce.column }},
    {%- endfor %}
    coalesce(visits.visit_count_7d, 0) as visit_count_7d,
    coalesce(pages.product_page_seconds_7d, 0) as product_page_seconds_7d,
    coalesce(categories.top_category_view_count_14d, 0) as top_category_view_count_14d,
    coalesce(emails.counted_emails, 0) as counted_emails,
    coalesce(emails.consecutive_emails_opened, 0) as consecutive_emails_opened,
    coalesce(emails.consecutive_emails_ignored, 0) as consecutive_emails_ignored,
    coalesce(emails.consecutive_emails_not_clicked, 0) as consecutive_emails_not_clicked,
    coalesce(emails.emails_opened_of_last_10, 0) as emails_opened_of_last_10,
    coalesce(emails.emails_opened_of_previous_10, 0) as emails_opened_of_previous_10,
    coalesce(emails.email_open_rate, 0) as email_open_rate,
    scored.engagement_score,
    cast(scored.fit_score as bigint) as fit_score,

    -- booleans
    profiles.is_identified,
    states.is_customer,
    states.has_converted,
    states.is_former_customer,
    states.has_open_demo_request,
    states.is_on_trial,
    states.has_open_deal,
    states.is_email_reachable,
    {%- for order in ordered_traits() %}
    coalesce(sequences.{{ order.column }}, false)
        as {{ order.column }},
    {%- endfor %}
    states.has_abandoned_cart,
    states.has_abandoned_checkout,
    coalesce(forms.has_abandoned_form, false) as has_abandoned_form,
    states.is_loyalty_member,
    coalesce(customers.is_top_decile_user, false) as is_top_decile_user,
    coalesce(fits.has_complete_fit, false) as has_complete_fit,
    coalesce(fits.is_firmographics_stale, false) as is_firmographics_stale,
    states.is_decision_maker,
    states.is_competitor,
    states.is_disqualified_in_crm,

    -- timestamps
    {{ as_of() }} as as_of,
    profiles.first_seen_at,
    counts.last_engaged_at,
    double_clicks.last_double_click_at,
    emails.last_email_clicked_at,
    counts.last_order_at,
    states.lifecycle_since_at,
    states.last_deal_lost_at,
    states.last_researched_at,
    states.became_customer_at,
    states.last_customer_activity_at,
    visits.last_visit_started_at,
    visits.last_visit_ended_at,
    visits.last_returned_at,
    visits.last_away_since_at,
    visits.week_returned_at,
    visits.week_away_since_at

from profiles
inner join scored on profiles.profile_key = scored.profile_key
inner join states on profiles.profile_key = states.profile_key
left join counts on profiles.profile_key = counts.profile_key
left join sequences on profiles.profile_key = sequences.profile_key
left join visits on profiles.profile_key = visits.profile_key
left join pages on profiles.profile_key = pages.profile_key
left join emails on profiles.profile_key = emails.profile_key
left join double_clicks on profiles.profile_key = double_clicks.profile_key
left join forms on profiles.profile_key = forms.profile_key
left join orders on profiles.profile_key = orders.profile_key
left join categories on profiles.profile_key = categories.profile_key
left join carts on profiles.profile_key = carts.profile_key
left join unbought on profiles.profile_key = unbought.profile_key
left join accounts on profiles.profile_key = accounts.profile_key
left join fits on profiles.profile_key = fits.profile_key
left join customers on profiles.profile_key = customers.profile_key
left join details on profiles.profile_key = details.profile_key
left join companies on accounts.company_id = companies.company_id
left join deals on profiles.profile_key = deals.profile_key
