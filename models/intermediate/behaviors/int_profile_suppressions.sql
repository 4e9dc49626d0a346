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

refusals as (
    select
        profile_key,
        email,
        replace(behavior, 'email_', '') as reason,
        occurred_at as suppressed_at
    from events
    where behavior in ('email_hard_bounced', 'email_complained', 'email_unsubscribed')

    union all

    select
        identifiers.profile_key,
        people.email,
        'crm_opted_out' as reason,
        people.stated_at as suppressed_at
    from people
    inner join identifiers on people.node_key = identifiers.node_key
),

-- A refusal holds for the person and for the address, which may be a profile of its own.
reasons as (
    select
        profile_key,
        reason,
        suppressed_at
    from refusals
    where profile_key is not null

    union all

    select
        identifiers.profile_key,
        refusals.reason,
        refusals.suppressed_at
    from refusals
    inner join identifiers
        on
            identifiers.identifier_type = 'email'
            and refusals.email = identifiers.identifier_value
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
