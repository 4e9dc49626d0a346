-- One row per source and set of identifiers that it showed together, with when and how often, up
-- to as_of. observation_id is a hash of the set; each part is hashed by itself, so that no two sets
-- are spelled alike.
{% set parts = [
    'source', 'user_id', 'email', 'phone', 'anonymous_id', 'device_id', 'crm_contact_id'
] %}
{% set hashes = [] %}
{% for part in parts %}
    {%- do hashes.append('coalesce(' ~ dbt.hash(part) ~ ", '-')") %}
{% endfor %}
with

events as (
    select * from {{ ref('int_events_enabled') }}
    where occurred_at <= {{ as_of() }}
),

people as (
    select * from {{ ref('int_people_stated') }}
),

observations as (
    select
        source,
        event_id as observation,
        user_id,
        email,
        phone,
        anonymous_id,
        nullif(device_id, anonymous_id) as device_id,
        crm_contact_id,
        occurred_at as observed_at,
        -- A source without load times must give the same order whenever a warehouse is built.
        case when has_load_time then loaded_at else occurred_at end as loaded_at
    from events

    union all

    select
        source,
        coalesce(crm_contact_id, user_id, email, phone) as observation,
        user_id,
        email,
        phone,
        {{ null_columns(['anonymous_id', 'device_id']) | indent }},
        crm_contact_id,
        coalesce(stated_at, loaded_at, {{ as_of() }}) as observed_at,
        coalesce(loaded_at, stated_at, {{ as_of() }}) as loaded_at
    from people
),

dated as (
    select
        *,
        min(loaded_at) over (
            partition by {{ parts | join(', ') }}
        ) as first_loaded_at
    from observations
)

select
    -- ids
    {{ dbt.hash(dbt.concat(hashes)) }} as observation_id,
    source,
    user_id,
    email,
    phone,
    anonymous_id,
    device_id,
    crm_contact_id,
    min(observation) as sample_observation,

    -- numbers
    count(*) as observation_count,

    -- timestamps
    min(observed_at) as first_seen_at,
    max(observed_at) as last_seen_at,
    min(first_loaded_at) as first_loaded_at,
    min(case when loaded_at = first_loaded_at then observed_at end) as first_load_seen_at

from dated
group by {{ parts | join(', ') }}
