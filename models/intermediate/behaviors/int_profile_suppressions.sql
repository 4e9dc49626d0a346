-- One row per profile and channel on which nobody may contact this person, with the first reason.
-- The one place where this is decided; every model that leaves the warehouse reads it.
with

events as (
    select
        profile_key,
        email,
        behavior,
        occurred_at
    from {{ ref('int_events_resolved') }}

    union all

    -- Whoever refused has refused, also where the source that said so is switched off by now; who
    -- it was is known by the address.
    select
        cast(null as bigint) as profile_key,
        email,
        event_name as behavior,
        occurred_at
    from {{ ref('int_events') }}
    where not {{ is_enabled_source('source') }} and occurred_at <= {{ as_of() }}
),

people as (
    select * from {{ ref('int_people_identified') }}
    where is_email_opted_out
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

addresses as (
    select * from {{ ref('int_profile_addresses') }}
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
    from people
    inner join identifiers on people.node_key = identifiers.node_key
),

-- A word holds for the person and for the address, which may be a profile of its own.
heard as (
    select
        profile_key,
        statement,
        stated_at
    from statements
    where profile_key is not null

    union all

    select
        identifiers.profile_key,
        statements.statement,
        statements.stated_at
    from statements
    inner join identifiers
        on
            identifiers.identifier_type = 'email'
            and statements.email = identifiers.identifier_value
),

resubscribed as (
    select
        profile_key,
        max(stated_at) as resubscribed_at
    from heard
    where statement = 'resubscribed'
    group by profile_key
),

reasons as (
    select
        heard.profile_key,
        heard.statement as reason,
        heard.stated_at as suppressed_at
    from heard
    left join resubscribed on heard.profile_key = resubscribed.profile_key
    where
        heard.statement <> 'resubscribed'
        -- Who subscribes again takes back an unsubscribe, and nothing else.
        and (
            heard.statement <> 'unsubscribed'
            or resubscribed.profile_key is null
            or heard.stated_at >= resubscribed.resubscribed_at
        )

    union all

    select
        profile_key,
        closed_because as reason,
        closed_at as suppressed_at
    from addresses
    where not is_deliverable and closed_because is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_key order by suppressed_at nulls last, reason
        ) as reason_rank
    from reasons
)

select
    profile_key,
    'email' as channel,
    reason,
    suppressed_at

from ranked
where reason_rank = 1
