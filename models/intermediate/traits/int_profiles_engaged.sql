-- One row per profile: its visits, e-mails, forms, pages and score side by side, 0 and false where
-- nothing happened.
with

profiles as (
    select * from {{ ref('profiles') }}
),

{% for name in ['visits', 'pages', 'emails', 'forms', 'categories'] %}
{{ name }} as (
    select * from {{ ref('int_profile_' ~ name ~ '_summarized') }}
),

{% endfor %}
scores as (
    select * from {{ ref('int_profiles_scored') }}
)

select
    -- ids
    profiles.profile_id,

    -- numbers
    coalesce(visits.visit_count_7d, 0) as visit_count_7d,
    {% for bounce in bounce_traits() %}
    coalesce(visits.{{ bounce.column }}, 0) as {{ bounce.column }},
    {% endfor %}
    coalesce(pages.product_page_seconds_7d, 0) as product_page_seconds_7d,
    coalesce(emails.counted_emails, 0) as counted_emails,
    coalesce(emails.consecutive_emails_opened, 0) as consecutive_emails_opened,
    coalesce(emails.consecutive_emails_ignored, 0) as consecutive_emails_ignored,
    coalesce(emails.emails_opened_of_last_10, 0) as emails_opened_of_last_10,
    coalesce(emails.emails_opened_of_previous_10, 0) as emails_opened_of_previous_10,
    coalesce(categories.top_category_view_count_14d, 0) as top_category_view_count_14d,
    -- Rounded, because the last digits of a sum depend on the order in which it was added up.
    coalesce(
        round(
            scores.points_at_epoch * power(
                2, {{ seconds_between(as_of(), score_epoch()) }} / {{ half_life_seconds() }}
            ), 4
        ), 0
    ) as engagement_score,

    -- booleans
    coalesce(forms.has_abandoned_form, false) as has_abandoned_form,

    -- timestamps
    visits.last_visit_started_at,
    visits.previous_visit_ended_at,
    visits.last_visit_ended_at

from profiles
left join visits on profiles.profile_id = visits.profile_id
left join pages on profiles.profile_id = pages.profile_id
left join emails on profiles.profile_id = emails.profile_id
left join forms on profiles.profile_id = forms.profile_id
left join categories on profiles.profile_id = categories.profile_id
left join scores on profiles.profile_id = scores.profile_id
