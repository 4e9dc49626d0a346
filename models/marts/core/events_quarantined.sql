-- One row per delivered event that cannot be used, as it came, with the reason.
with

checked as (
    select * from {{ ref('int_events_checked') }}
    where quarantine_reason is not null
)

select
    -- ids
    source,
    event_id,
    anonymous_id,
    user_id,
    email,
    phone,
    object_id,

    -- strings
    quarantine_reason,
    event_name,
    page_url,
    object_type,
    properties,

    -- timestamps
    occurred_at,
    loaded_at

from checked
