-- Events that arrive in the canonical shape already: typed, cleaned, in UTC.
with

source as (
    select * from {{ source('events', 'events') }}
)

select
    -- ids
    {{ clean_id('event_id') }} as event_id,
    {{ clean_id('anonymous_id') }} as anonymous_id,
    {{ clean_id('device_id') }} as device_id,
    {{ clean_id('crm_contact_id') }} as crm_contact_id,
    {{ clean_id('user_id') }} as user_id,
    {{ clean_email('email') }} as email,
    {{ clean_phone('phone') }} as phone,
    {{ clean_id('object_id') }} as object_id,

    -- strings
    {{ clean_text('event_name') }} as event_name,
    {{ clean_text('page_url') }} as page_url,
    page_path,
    referrer,
    {{ clean_text('link_url') }} as link_url,
    {{ clean_text('user_agent') }} as user_agent,
    object_type,
    currency,
    properties,
    -- Nobody watches for NaN seconds: where the value says how much was done, it must be a number.
    case
        when
            {{ clean_text('event_name') }} in (
                {%- for name in var('valued_events') %}
                '{{ name }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
            and {{ clean_text('value') }} is not null
            and {{ to_number('value') }} is null
            then 'value_is_no_number'
    end as quarantine_reason,

    -- numbers
    {{ to_number('value') }} as value,

    -- booleans
    coalesce({{ to_boolean('is_machine') }}, false) as is_machine,

    -- timestamps
    {{ utc_timestamp('occurred_at') }} as occurred_at,
    {{ utc_timestamp('loaded_at') }} as loaded_at

from source
