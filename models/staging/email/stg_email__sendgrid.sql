-- SendGrid's Event Webhook, one row per event, in its own words.
with

webhooks as (
    select * from {{ ref('stg_email__posted') }}
    where provider = 'sendgrid'
)

select
    -- ids
    {{ clean_id(json_text('payload', 'sg_event_id')) }} as event_id,
    -- The part before the first dot is the message; the rest names the server that sent it.
    {{ part_of(json_text('payload', 'sg_message_id'), "'.'", 1) }} as message_id,
    {{ clean_email(json_text('payload', 'email')) }} as email,

    -- strings
    provider,
    {{ json_text('payload', 'event') }} as provider_event,
    {{ json_text('payload', 'type') }} as provider_detail,
    {{ join_texts(' ', [
        json_text('payload', 'status'), json_text('payload', 'reason')
    ]) }} as failure_reason,
    {{ json_text('payload', 'url') }} as clicked_url,
    {{ json_text('payload', 'useragent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    coalesce({{ json_text('payload', 'sg_machine_open') }} = 'true', false) as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('payload', 'timestamp')) }} as occurred_at,
    received_at

from webhooks
