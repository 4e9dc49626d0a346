-- One row per profile and channel on which nobody may contact this person, with the first reason.
-- The one place where this is decided; every model that leaves the warehouse reads it.
with

events as (
    select * from {{ ref('int_events_resolved') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

reasons as (
    select
        profile_id,
        case behavior
            when 'email_hard_bounced' then 'hard_bounced'
            when 'email_complained' then 'complained'
            else 'unsubscribed'
        end as reason,
        occurred_at as suppressed_at
    from events
    where behavior in ('email_hard_bounced', 'email_complained', 'email_unsubscribed')

    union all

    select
        profile_id,
        'crm_opted_out' as reason,
        crm_opted_out_at as suppressed_at
    from details
    where crm_opted_out_at is not null
),

ranked as (
    select
        *,
        row_number() over (partition by profile_id order by suppressed_at, reason) as reason_rank
    from reasons
)

select
    profile_id,
    'email' as channel,
    reason,
    suppressed_at

from ranked
where reason_rank = 1
