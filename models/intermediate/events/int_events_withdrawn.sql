-- One row per fact that a CRM told once and tells no more: a deal that was reopened or deleted, a
-- contact that was merged. It counts nowhere; what people did stays.
with

remembered as (
    select * from {{ ref('int_events') }}
    where {{ is_crm_source('source') }}
),

checked as (
    select * from {{ ref('int_events_checked') }}
    where quarantine_reason is null and {{ is_crm_source('source') }}
)

select
    remembered.source,
    remembered.event_id

from remembered
left join checked
    on remembered.source = checked.source and remembered.event_id = checked.event_id
where checked.event_id is null
