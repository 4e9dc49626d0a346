-- One row per person: what segments, BI and the CRM need to know, as of as_of. Never null where a
-- number or a boolean is meant.
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

emails as (
    select * from {{ ref('int_profile_emails_summarized') }}
),

scores as (
    select * from {{ ref('int_profiles_scored') }}
),

states as (
    select * from {{ ref('int_profile_states') }}
)

select
    -- ids
    profiles.profile_id,

    -- strings
    states.lifecycle_stage,
    states.return_band,

    -- numbers
    {% for behavior, windows in var('counted_behaviors').items() %}
    {% for days in windows %}
    {% set trait = behavior ~ '_count_' ~ days ~ 'd' %}
    coalesce(counts.{{ trait }}, 0) as {{ trait }},
    {% endfor %}
    {% endfor %}
    coalesce(counts.order_count, 0) as order_count,
    coalesce(visits.visit_count_7d, 0) as visit_count_7d,
    coalesce(emails.counted_emails, 0) as counted_emails,
    coalesce(emails.consecutive_emails_opened, 0) as consecutive_emails_opened,
    coalesce(emails.consecutive_emails_ignored, 0) as consecutive_emails_ignored,
    coalesce(emails.emails_opened_of_last_10, 0) as emails_opened_of_last_10,
    coalesce(emails.emails_opened_of_previous_10, 0) as emails_opened_of_previous_10,
    -- Rounded, because the last digits of a sum depend on the order in which it was added up.
    coalesce(
        round(
            scores.points_at_epoch * power(
                2, {{ seconds_between(as_of(), score_epoch()) }} / {{ half_life_seconds() }}
            ), 4
        ), 0
    ) as engagement_score,

    -- booleans
    profiles.is_identified,
    states.is_customer,
    states.has_converted,
    states.has_abandoned_cart,
    states.is_email_reachable,

    -- timestamps
    {{ as_of() }} as as_of,
    profiles.first_seen_at,
    profiles.last_seen_at,
    counts.last_engaged_at,
    counts.last_order_at,
    visits.last_visit_ended_at

from profiles
inner join states on profiles.profile_id = states.profile_id
left join counts on profiles.profile_id = counts.profile_id
left join visits on profiles.profile_id = visits.profile_id
left join emails on profiles.profile_id = emails.profile_id
left join scores on profiles.profile_id = scores.profile_id
