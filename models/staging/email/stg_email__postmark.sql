-- Postmark's webhooks, one row per event, in its own words.
with

webhooks as (
    select
        *,
        {{ json_text('payload', 'RecordType') }} as record_type
    from {{ ref('stg_email__posted') }}
    where provider = 'postmark'
)

select
    -- ids
    -- Only bounces and complaints carry an id; a retry of the others has the same text.
    coalesce(
        record_type || ':' || {{ json_text('payload', 'ID') }},
        {{ dbt.hash('payload') }}
    ) as event_id,
    {{ json_text('payload', 'MessageID') }} as message_id,
    coalesce(
        {{ clean_email(json_text('payload', 'Recipient')) }},
        {{ clean_email(json_text('payload', 'Email')) }}
    ) as email,

    -- strings
    provider,
    record_type as provider_event,
    case
        when record_type = 'Bounce' then {{ json_text('payload', 'Type') }}
        when {{ json_text('payload', 'SuppressSending') }} = 'false' then 'Reactivated'
        else {{ json_text('payload', 'SuppressionReason') }}
    end as provider_detail,
    -- What the mail server said; the description only explains Postmark's own word.
    {{ json_text('payload', 'Details') }} as failure_reason,
    {{ json_text('payload', 'OriginalLink') }} as clicked_url,
    {{ json_text('payload', 'UserAgent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    false as is_flagged_machine,

    -- timestamps
    coalesce(
        {{ utc_timestamp(json_text('payload', 'DeliveredAt')) }},
        {{ utc_timestamp(json_text('payload', 'BouncedAt')) }},
        {{ utc_timestamp(json_text('payload', 'ChangedAt')) }},
        {{ utc_timestamp(json_text('payload', 'ReceivedAt')) }}
    ) as occurred_at,
    received_at

from webhooks
