-- One row per usable event of a source that var event_sources lists. int_events remembers events of
-- sources that were listed once; nothing after this model but suppressions has heard of them.
{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('int_events') }}
)

select * from events
where {{ is_enabled_source('source') }}
