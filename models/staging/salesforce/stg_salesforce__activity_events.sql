-- What representatives logged. A meeting is booked when it is entered, and held when its time is
-- over: Salesforce has no word for one that nobody came to. A task, a call and an e-mail count once
-- done.
with

activities as (
    select * from {{ ref('stg_salesforce__activities') }}
    where not is_deleted and is_done
),

contacts as (
    select * from {{ ref('stg_salesforce__contacts') }}
),

steps as (
    select
        *,
        case kind
            when 'call' then 'sales_call_logged'
            when 'email' then 'sales_email_sent'
            when 'meeting' then 'meeting_held'
            else 'sales_task_completed'
        end as event_name,
        coalesce(happened_at, created_at) as occurred_at
    from activities
    -- Time alone makes it held, whenever its row was loaded.
    where coalesce(happened_at, created_at) <= {{ as_of() }} or kind <> 'meeting'

    union all

    select
        *,
        'meeting_booked' as event_name,
        coalesce(created_at, happened_at) as occurred_at
    from activities
    where kind = 'meeting'
)

select
    -- ids
    steps.event_name || ':' || steps.activity_id as event_id,
    case
        when contacts.merged_into_id is not null then contacts.merged_into_id
        when not coalesce(contacts.is_deleted, false) then steps.contact_id
    end as crm_contact_id,
    steps.activity_id as object_id,

    -- strings
    steps.event_name,
    steps.kind as object_type,
    {{ json_object({
        'title': 'steps.title',
        'text': 'steps.body',
        'owner_id': 'steps.owner_id',
    }) }} as properties,

    -- numbers
    {{ null_columns(['value'], type_double()) }},

    -- timestamps
    steps.occurred_at,
    case
        when steps.event_name = 'meeting_held' then greatest(steps.loaded_at, steps.occurred_at)
        else steps.loaded_at
    end as loaded_at

from steps
left join contacts on steps.contact_id = contacts.contact_id
