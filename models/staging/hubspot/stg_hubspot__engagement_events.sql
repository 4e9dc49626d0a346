-- What representatives logged, once per contact it was logged for. A meeting is booked when it is
-- entered, and held at its time when its outcome says so; a task counts once it is done.
with

engagements as (
    select * from {{ ref('stg_hubspot__engagements') }}
    where not is_deleted
),

engagement_contacts as (
    select * from {{ ref('stg_hubspot__engagement_contacts') }}
),

gone as (
    select contact_id from {{ ref('stg_hubspot__contacts') }}
    where is_deleted
),

steps as (
    select
        *,
        case kind
            when 'note' then 'sales_note_added'
            when 'call' then 'sales_call_logged'
            when 'meeting' then 'meeting_held'
            when 'task' then 'sales_task_completed'
            when 'email' then case outcome
                when 'incoming_email' then 'sales_email_received' else 'sales_email_sent'
            end
        end as event_name,
        coalesce(happened_at, created_at) as occurred_at
    from engagements
    where kind not in ('meeting', 'task') or outcome = 'completed'

    union all

    select
        *,
        'meeting_booked' as event_name,
        coalesce(created_at, happened_at) as occurred_at
    from engagements
    where kind = 'meeting'
)

select
    -- ids
    steps.event_name || ':' || steps.engagement_id || ':'
    || coalesce(engagement_contacts.contact_id, '') as event_id,
    case when gone.contact_id is null then engagement_contacts.contact_id end as crm_contact_id,
    steps.engagement_id as object_id,

    -- strings
    steps.event_name,
    steps.kind as object_type,
    {{ json_object({
        'title': 'steps.title',
        'text': 'steps.body',
        'outcome': 'steps.outcome',
        'owner_id': 'steps.owner_id',
    }) }} as properties,

    -- numbers
    {{ null_columns(['value'], type_double()) }},

    -- timestamps
    steps.occurred_at,
    greatest(steps.loaded_at, coalesce(engagement_contacts.loaded_at, steps.loaded_at)) as loaded_at

from steps
left join engagement_contacts on steps.engagement_id = engagement_contacts.engagement_id
left join gone on engagement_contacts.contact_id = gone.contact_id
