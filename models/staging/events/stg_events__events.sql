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
    {{ known_id('object_id') }} as object_id,

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
    -- Nobody watches for NaN or -30 seconds, or pays words: where the value says how much, it is a
    -- number. Only money goes back.
    case
        when
            {{ clean_text('event_name') }} in (
                {%- for name in var('valued_events') + var('money_events') %}
                '{{ name }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
            and {{ clean_text('value') }} is not null
            and {{ to_amount('value') }} is null
            then 'value_is_no_number'
        when
            {{ clean_text('event_name') }} in (
                {%- for name in var('valued_events') %}
                '{{ name }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
            and {{ to_amount('value') }} < 0
            then 'value_is_no_number'
    end as quarantine_reason,

    -- numbers
    {{ to_amount('value') }} as value,

    -- booleans
    coalesce({{ to_boolean('is_machine') }}, false) as is_machine,

    -- timestamps
    {{ utc_timestamp('occurred_at') }} as occurred_at,
    {{ utc_timestamp('loaded_at') }} as loaded_at

from source
