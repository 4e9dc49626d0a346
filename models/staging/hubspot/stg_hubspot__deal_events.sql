-- What happened to deals: created, won, lost, once per contact of the deal. A fact is as new as the
-- newest of the rows that make it.
with

deals as (
    select
        *,
        -- Whether it is closed may be the word of its stage.
        greatest(loaded_at, coalesce(stage_loaded_at, loaded_at)) as known_at
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
),

deal_contacts as (
    select * from {{ ref('stg_hubspot__deal_contacts') }}
),

-- A contact that the connector has not brought yet is one all the same.
gone as (
    select contact_id from {{ ref('stg_hubspot__contacts') }}
    where is_deleted
),

steps as (
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
        case when is_won then 'deal_won' else 'deal_lost' end as event_name,
        amount,
        {{ closed_by('closed_at', 'known_at') }} as occurred_at,
        known_at as loaded_at
    from deals
    where is_won or is_closed
)

select
    -- ids
    steps.event_name || ':' || steps.deal_id || ':'
    || coalesce(deal_contacts.contact_id, '') as event_id,
    case when gone.contact_id is null then deal_contacts.contact_id end as crm_contact_id,
    steps.deal_id as object_id,

    -- strings
    steps.event_name,
    'deal' as object_type,
    {{ null_columns(['properties']) }},

    -- numbers
    steps.amount as value,

    -- timestamps
    steps.occurred_at,
    greatest(steps.loaded_at, coalesce(deal_contacts.loaded_at, steps.loaded_at)) as loaded_at

from steps
left join deal_contacts on steps.deal_id = deal_contacts.deal_id
left join gone on deal_contacts.contact_id = gone.contact_id
