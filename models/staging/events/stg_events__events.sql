-- Events that arrive in the canonical shape already: typed, cleaned, in UTC.
with

source as (
    select * from {{ source('events', 'events') }}
)

select
    -- ids
    {{ clean_id('event_id') }} as event_id,
    {{ clean_id('anonymous_id') }} as anonymous_id,
    {{ clean_id('user_id') }} as user_id,
    {{ clean_email('email') }} as email,
    {{ clean_phone('phone') }} as phone,
    {{ clean_id('object_id') }} as object_id,

    -- strings
    {{ clean_id('event_name') }} as event_name,
    {{ clean_id('page_url') }} as page_url,
    page_path,
    referrer,
    object_type,
    currency,
    properties,
    cast(null as {{ dbt.type_string() }}) as quarantine_reason,

    -- numbers
    {{ try_cast('value', type_double()) }} as value,

    -- booleans
    coalesce({{ try_cast('is_machine', 'boolean') }}, false) as is_machine,

    -- timestamps
    {{ utc_timestamp('occurred_at') }} as occurred_at,
    {{ utc_timestamp('loaded_at') }} as loaded_at

from source
