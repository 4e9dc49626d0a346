-- MailerSend's activity webhooks, one row per event, in its own words.
with

posted as (
    select * from {{ ref('stg_email__posted') }}
    where provider = 'mailersend'
)

select
    -- ids
    {{ clean_id(json_text('payload', 'data', 'id')) }} as event_id,
    {{ json_text('payload', 'data', 'email', 'message', 'id') }} as message_id,
    {{ clean_email(json_text('payload', 'data', 'email', 'recipient', 'email')) }} as email,

    -- strings
    provider,
    {{ json_text('payload', 'data', 'type') }} as provider_event,
    cast(null as {{ dbt.type_string() }}) as provider_detail,
    {{ join_texts(' ', [
        json_text('payload', 'data', 'morph', 'reason'),
        json_text('payload', 'data', 'morph', 'readable_reason'),
    ]) }} as failure_reason,
    {{ json_text('payload', 'data', 'morph', 'url') }} as clicked_url,
    cast(null as {{ dbt.type_string() }}) as user_agent,
    payload,
    raw_payload,

    -- booleans
    false as is_flagged_machine,

    -- timestamps
    {{ utc_timestamp(json_text('payload', 'data', 'created_at')) }} as occurred_at,
    received_at

from posted
