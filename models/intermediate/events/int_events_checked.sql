-- Every delivered event with the first reason, if any, why it cannot be used. A table, because four
-- models read it, and else each would read the raw files.
with

unioned as (
    select * from {{ ref('int_events_unioned') }}
)

select
    -- ids
    source,
    event_id,
    anonymous_id,
    device_id,
    {{ clean_user_id('user_id') }} as user_id,
    email,
    phone,
    crm_contact_id,
    object_id,

    -- strings
    event_name,
    page_url,
    page_path,
    referrer,
    link_url,
    user_agent,
    object_type,
    currency,
    properties,
    case
        -- What only the source can know comes first.
        when quarantine_reason is not null then quarantine_reason
        when event_id is null then 'missing_event_id'
        when occurred_at is null then 'unreadable_time'
        when coalesce(user_id, email, phone, anonymous_id, device_id, crm_contact_id) is null
            then 'no_identifier'
        when event_name is null then 'missing_event_name'
        -- Nothing before it was recorded: a device whose clock begins at 1970.
        when occurred_at < cast('{{ var("earliest_event") }}' as timestamp) then 'dated_in_past'
        when
            occurred_at > coalesce(loaded_at, {{ as_of() }})
            + interval '{{ var("future_tolerance_hours", 24) }}' hour
            then 'dated_in_future'
    end as quarantine_reason,

    -- numbers
    value,

    -- booleans
    is_machine,
    loaded_at is not null as has_load_time,

    -- timestamps
    occurred_at,
    coalesce(loaded_at, {{ as_of() }}) as loaded_at

from unioned
