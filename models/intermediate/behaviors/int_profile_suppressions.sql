-- One row per profile and channel on which nobody may contact this person, with the first reason.
-- The one place where this is decided; every model that leaves the warehouse reads it.
with

events as (
    {{ email_reports(ref('int_events_resolved'), ref('int_events')) }}
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

statements as (
    select
        profile_key,
        email,
        replace(behavior, 'email_', '') as statement,
        occurred_at as stated_at
    from events
    where
        behavior in ('email_complained', 'email_unsubscribed', 'email_resubscribed')
        -- A bounce closes an address (int_addresses_closed), where it says which.
        or (behavior = 'email_hard_bounced' and email is null)

    union all

    select
        identifiers.profile_key,
        people.email,
        'crm_opted_out' as statement,
        people.stated_at
    from {{ ref('int_people_identified') }} as people
    inner join identifiers on people.node_key = identifiers.node_key
    where people.is_email_opted_out
),

-- A word holds for the person and for the address, which may be a profile of its own.
heard as (
    select * from statements
    where profile_key is not null

    union all

    select
        identifiers.profile_key,
        statements.email,
        statements.statement,
        statements.stated_at
    from statements
    inner join identifiers
        on identifiers.identifier_type = 'email' and statements.email = identifiers.identifier_value
),

answered as (
    select
        *,
        max(case when statement = 'resubscribed' then stated_at end)
            over (partition by profile_key) as resubscribed_at
    from heard
),

reasons as (
    select
        profile_key,
        statement as reason,
        stated_at as suppressed_at
    from answered
    where
        statement <> 'resubscribed'
        -- Who subscribes again takes back an unsubscribe, and nothing else.
        and (statement <> 'unsubscribed' or coalesce(stated_at >= resubscribed_at, true))

    union all

    select
        profile_key,
        closed_because as reason,
        closed_at as suppressed_at
    from {{ ref('int_profile_addresses') }}
    where not is_deliverable and closed_because is not null
),

ranked as (
    select
        *,
        row_number() over (partition by profile_key order by suppressed_at nulls last, reason)
            as reason_rank
    from reasons
)

select
    profile_key,
    'email' as channel,
    reason,
    suppressed_at

from ranked
where reason_rank = 1
