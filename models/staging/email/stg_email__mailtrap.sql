-- Mailtrap's webhooks, one row per event, in its own words.
with

posted as (
    select * from {{ ref('stg_email__posted') }}
    where provider = 'mailtrap'
)

select
    -- ids
    {{ clean_id(json_text('payload', 'event_id')) }} as event_id,
    {{ json_text('payload', 'message_id') }} as message_id,
    {{ clean_email(json_text('payload', 'email')) }} as email,

    -- strings
    provider,
    {{ json_text('payload', 'event') }} as provider_event,
    {{ json_text('payload', 'bounce_category') }} as provider_detail,
    {{ join_texts(' ', [
        json_text('payload', 'response_code'),
        json_text('payload', 'response'),
        json_text('payload', 'reason'),
        json_text('payload', 'bounce_category'),
    ]) }} as failure_reason,
    {{ json_text('payload', 'url') }} as clicked_url,
    {{ json_text('payload', 'user_agent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    false as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('payload', 'timestamp')) }} as occurred_at,
    received_at

from posted
