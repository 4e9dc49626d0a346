-- One row per delivered event that cannot be used, as it came, with the reason. Whether an
-- identifier is void is for the identity rules to say, so events that carry no other are set aside
-- here.
{% set columns = [
    'source', 'event_id', 'anonymous_id', 'user_id', 'email', 'phone', 'object_id', 'quarantine_reason',
    'event_name', 'page_url', 'object_type', 'properties', 'occurred_at', 'loaded_at',
] %}
with

checked as (
    select * from {{ ref('int_events_checked') }}
    where quarantine_reason is not null
),

unidentified as (
    select
        *,
        'no_identifier' as quarantine_reason
    from {{ ref('int_events_identified') }}
    where identifier_type is null
),

set_aside as (
    select {{ columns | join(', ') }} from checked
    union all
    select {{ columns | join(', ') }} from unidentified
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

from set_aside
