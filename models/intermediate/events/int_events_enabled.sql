-- One row per usable event of a source that var event_sources lists, and that its CRM did not take
-- back. int_events remembers events of sources that were listed once; nothing after this model but
-- suppressions has heard of them.
{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('int_events') }}
),

withdrawn as (
    select * from {{ ref('int_events_withdrawn') }}
)

select events.*

from events
left join withdrawn on events.source = withdrawn.source and events.event_id = withdrawn.event_id
where {{ is_enabled_source('events.source') }} and withdrawn.event_id is null
