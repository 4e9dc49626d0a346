-- One row per task and calendar event, as of the connector's latest read: calls, e-mails, meetings
-- and what else there was to do.
with

tasks as (
    select * from {{ source('salesforce', 'tasks') }}
),

events as (
    select * from {{ source('salesforce', 'events') }}
),

renamed as (
    select
        {{ clean_id('id') }} as activity_id,
        {{ clean_id('who_id') }} as contact_id,
        {{ clean_id('owner_id') }} as owner_id,
        case
            when {{ lower_text("coalesce(task_subtype, '')") }} = 'call' then 'call'
            when {{ lower_text("coalesce(task_subtype, '')") }} in ('email', 'listemail')
                then 'email'
            when {{ lower_text("coalesce(type, '')") }} in ('call', 'email')
                then {{ lower_text('type') }}
            else 'task'
        end as kind,
        {{ clean_text('subject') }} as title,
        {{ clean_text('description') }} as body,
        coalesce({{ to_boolean('is_closed') }}, false) as is_done,
        coalesce({{ to_boolean('is_deleted') }}, false) as is_deleted,
        {{ utc_timestamp('created_date') }} as created_at,
        {{ utc_timestamp('coalesce(completed_date_time, activity_date)') }} as happened_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from tasks

    union all

    select
        {{ clean_id('id') }} as activity_id,
        {{ clean_id('who_id') }} as contact_id,
        {{ clean_id('owner_id') }} as owner_id,
        case
            when {{ lower_text("coalesce(type, '')") }} = 'call' then 'call'
            else 'meeting'
        end as kind,
        {{ clean_text('subject') }} as title,
        {{ clean_text('description') }} as body,
        true as is_done,
        coalesce({{ to_boolean('is_deleted') }}, false) as is_deleted,
        {{ utc_timestamp('created_date') }} as created_at,
        {{ utc_timestamp('coalesce(end_date_time, start_date_time, activity_date_time)') }}
            as happened_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from events
),

latest as (
    select
        *,
        row_number() over (
            partition by activity_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'is_done', 'happened_at', 'created_at', 'kind',
                'contact_id', 'title', 'body', 'owner_id',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    activity_id,
    contact_id,
    owner_id,
    kind,
    title,
    body,
    is_done,
    is_deleted,
    created_at,
    happened_at,
    loaded_at

from latest
where recency = 1
