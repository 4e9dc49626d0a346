-- What the CRM's tables say happened: contacts created; deals created, won and lost, once per
-- contact of the deal.
with

contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
),

deals as (
    select * from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
),

deal_contacts as (
    select * from {{ ref('stg_hubspot__deal_contacts') }}
),

contact_events as (
    select
        'contact_created:' || contact_id as event_id,
        email,
        'contact_created' as event_name,
        'contact' as object_type,
        contact_id as object_id,
        {{ null_columns(['value'], type_double()) }},
        created_at as occurred_at,
        loaded_at
    from contacts
),

deal_steps as (
    select
        deal_id,
        'deal_created' as event_name,
        amount,
        created_at as occurred_at,
        loaded_at
    from deals

    union all

    select
        deal_id,
        case stage when 'closedwon' then 'deal_won' else 'deal_lost' end as event_name,
        amount,
        closed_at as occurred_at,
        loaded_at
    from deals
    where stage in ('closedwon', 'closedlost')
),

deal_events as (
    select
        deal_steps.event_name || ':' || deal_steps.deal_id || ':'
        || coalesce(deal_contacts.contact_id, '') as event_id,
        contacts.email,
        deal_steps.event_name,
        'deal' as object_type,
        deal_steps.deal_id as object_id,
        deal_steps.amount as value,
        deal_steps.occurred_at,
        deal_steps.loaded_at
    from deal_steps
    left join deal_contacts on deal_steps.deal_id = deal_contacts.deal_id
    left join contacts on deal_contacts.contact_id = contacts.contact_id
),

unioned as (
    select * from contact_events
    union all
    select * from deal_events
)

select
    -- ids
    event_id,
    email,
    object_id,
    {{ null_columns(['anonymous_id', 'device_id', 'user_id', 'phone']) }},

    -- strings
    event_name,
    object_type,
    {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url', 'user_agent']) }},
    {{ null_columns(['currency', 'properties', 'quarantine_reason']) }},

    -- numbers
    value,

    -- booleans
    false as is_machine,

    -- timestamps
    occurred_at,
    loaded_at

from unioned
