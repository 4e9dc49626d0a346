-- One row per webhook; a payload that is not JSON becomes null and is reported further on. Mandrill
-- posts a form whose one field is JSON.
with

source as (
    select * from {{ source('email', 'webhooks') }}
),

named as (
    select
        -- `Amazon SES` and `unisender-go` are one word each.
        {{ regex_replace(lower_text(clean_text('provider')), '[ .-]+', '_') }} as provider,
        cast(payload as {{ dbt.type_string() }}) as raw_payload,
        received_at
    from source
),

bodies as (
    select
        *,
        case
            when provider = 'mandrill' and raw_payload like 'mandrill!_events=%' escape '!'
                then {{ form_field(dbt.concat(["'&'", 'raw_payload']), 'mandrill_events') }}
            else raw_payload
        end as body
    from named
)

select
    provider,
    {{ json_or_null('body') }} as payload,
    raw_payload,
    {{ utc_timestamp('received_at') }} as received_at

from bodies
