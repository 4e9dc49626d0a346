-- What the CRM's tables say happened: contacts created, deals created, won and lost, and what
-- representatives logged.
with

merged as (
    select * from {{ ref('stg_hubspot__merges') }}
),

contacts as (
    select contacts.*
    from {{ ref('stg_hubspot__contacts') }} as contacts
    left join merged on contacts.contact_id = merged.contact_id
    where not contacts.is_deleted and merged.contact_id is null
),

contact_events as (
    select
        'contact_created:' || contact_id as event_id,
        contact_id as crm_contact_id,
        contact_id as object_id,
        'contact_created' as event_name,
        'contact' as object_type,
        {{ null_columns(['properties']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        created_at as occurred_at,
        loaded_at
    from contacts
),

unioned as (
    select * from contact_events
    union all
    select * from {{ ref('stg_hubspot__deal_events') }}
    union all
    select * from {{ ref('stg_hubspot__engagement_events') }}
)

select
    -- ids
    event_id,
    crm_contact_id,
    object_id,
    {{ null_columns(['anonymous_id', 'device_id', 'user_id', 'email', 'phone']) }},

    -- strings
    event_name,
    object_type,
    properties,
    {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url', 'user_agent']) }},
    {{ null_columns(['currency', 'quarantine_reason']) }},

    -- numbers
    value,

    -- booleans
    false as is_machine,

    -- timestamps
    occurred_at,
    loaded_at

from unioned
