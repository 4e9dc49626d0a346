-- One row per segment and person in it, as of as_of. scripts/roll_up.py writes the list: dbt wants
-- to know what a model reads before it knows which segments there are.
{%
    set segments = [
        'absent_visitors',
        'active_researchers',
        'cart_abandoners',
        'case_study_downloaders',
        'category_browsers',
        'checkout_abandoners',
        'churned_customers',
        'competitor_curious_customers',
        'content_downloaders',
        'cta_clickers',
        'customers',
        'decision_makers',
        'decision_stage_viewers',
        'declining_usage',
        'demo_page_bouncers',
        'demo_page_hesitators',
        'demo_requesters',
        'disqualified',
        'double_clickers',
        'early_intent_accounts',
        'engaged_at_target_accounts',
        'evaluators',
        'fit_and_intent',
        'focused_readers',
        'form_abandoners',
        'former_customers',
        'hot_returners',
        'ignoring_readers',
        'implementation_planners',
        'inactive_contacts',
        'lapsed_leads',
        'lost_deals_back',
        'low_open_rate',
        'loyalty_members',
        'multiple_stakeholders',
        'new_customers',
        'nurture',
        'open_opportunities',
        'past_awareness',
        'power_users',
        'price_sensitive_shoppers',
        'pricing_researchers',
        'product_viewers_without_purchase',
        'reactivated_visitors',
        'recent_visitors_not_converted',
        'renewals_at_risk',
        'sales_ready',
        'silent_former_openers',
        'stopped_clickers',
        'stopped_openers',
        'streak_openers',
        'top_of_funnel_engaged',
        'trial_users',
        'vendor_comparers',
        'video_watchers',
        'warm_returners',
    ]
%}

{%- for segment in segments %}
select
    '{{ segment }}' as segment,
    profile_id,
    {{ as_of() }} as as_of

from {{ ref(segment) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
