-- Brevo's webhooks, one row per event, in its own words.
with

posted as (
    select
        *,
        -- Webhooks about campaigns have no milliseconds. Brevo's `date` is in the account's zone.
        coalesce(
            {{ to_number(json_text('payload', 'ts_epoch')) }} / 1000,
            {{ to_number(json_text('payload', 'ts_event')) }},
            {{ to_number(json_text('payload', 'ts')) }}
        ) as event_seconds
    from {{ ref('stg_email__posted') }}
    where provider = 'brevo'
),

renamed as (
    select
        -- ids
        {{ regex_replace(json_text('payload', 'message-id'), '^<+|>+$', '') }} as message_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,

        -- strings
        provider,
        {{ json_text('payload', 'event') }} as provider_event,
        cast(null as {{ dbt.type_string() }}) as provider_detail,
        {{ json_text('payload', 'reason') }} as failure_reason,
        {{ json_text('payload', 'link') }} as clicked_url,
        {{ json_text('payload', 'user_agent') }} as user_agent,
        payload,
        raw_payload,

        -- booleans
        -- A proxy such as Apple's loads the pictures of every message.
        coalesce({{ json_text('payload', 'event') }} like '%proxy%', false) as is_flagged_machine,

        -- timestamps
        {{ epoch_timestamp('event_seconds') }} as occurred_at,
        received_at

    from posted
)

select
    *,
    case when payload is not null then {{ email_event_hash() }} end as event_id
from renamed
-- A list that somebody puts a contact on is no word of the person.
where coalesce(provider_event, '') <> 'list_addition'
