-- Resend's webhooks, one row per event, in its own words. It does not say which of several
-- recipients is meant: the first is taken.
with

posted as (
    select
        *,
        {{ json_part('payload', 'data') }} as details
    from {{ ref('stg_email__posted') }}
    where provider = 'resend'
),

renamed as (
    select
        -- ids
        {{ json_text('details', 'email_id') }} as message_id,
        coalesce(
            {{ clean_email(json_element('details', 'to', '0')) }},
            {{ clean_email(json_text('details', 'email')) }}
        ) as email,

        -- strings
        provider,
        {{ json_text('payload', 'type') }} as provider_event,
        coalesce(
            {{ json_text('details', 'bounce', 'type') }},
            {{ json_text('details', 'unsubscribed') }}
        ) as provider_detail,
        {{ join_texts(' ', [
            json_text('details', 'bounce', 'message'),
            json_text('details', 'bounce', 'subType'),
            json_text('details', 'failed', 'reason'),
            json_text('details', 'suppressed', 'message'),
        ]) }} as failure_reason,
        {{ json_text('details', 'click', 'link') }} as clicked_url,
        coalesce(
            {{ json_text('details', 'click', 'userAgent') }},
            {{ json_text('details', 'open', 'userAgent') }}
        ) as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        {{ utc_timestamp(json_text('payload', 'created_at')) }} as occurred_at,
        received_at

    from posted
)

select
    *,
    case when payload is not null then {{ email_event_hash() }} end as event_id
from renamed
