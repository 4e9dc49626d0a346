-- One row per set of identifiers that was seen together, with when and how often, up to as_of.
with

events as (
    select * from {{ ref('int_events') }}
    where occurred_at <= {{ as_of() }}
),

people as (
    select * from {{ ref('int_people_stated') }}
),

observations as (
    select
        user_id,
        email,
        phone,
        anonymous_id,
        cast(null as {{ dbt.type_string() }}) as crm_contact_id,
        occurred_at as observed_at
    from events

    union all

    select
        user_id,
        email,
        phone,
        cast(null as {{ dbt.type_string() }}) as anonymous_id,
        crm_contact_id,
        stated_at as observed_at
    from people
)

select
    -- ids
    user_id,
    email,
    phone,
    anonymous_id,
    crm_contact_id,

    -- numbers
    count(*) as observation_count,

    -- timestamps
    min(observed_at) as first_seen_at,
    max(observed_at) as last_seen_at

from observations
group by user_id, email, phone, anonymous_id, crm_contact_id
