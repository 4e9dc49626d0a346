-- Mailjet's webhooks, one row per event, in its own words.
with

posted as (
    select * from {{ ref('stg_email__posted') }}
    where provider = 'mailjet'
),

renamed as (
    select
        -- ids
        {{ json_text('payload', 'MessageID') }} as message_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,

        -- strings
        provider,
        {{ json_text('payload', 'event') }} as provider_event,
        -- A server that knows nobody yet is asked again.
        case
            when {{ json_text('payload', 'hard_bounce') }} = 'true' then 'hard'
            when {{ json_text('payload', 'error') }} = 'greylisted' then 'greylisted'
        end as provider_detail,
        {{ join_texts(' ', [
            json_text('payload', 'error'),
            json_text('payload', 'comment'),
            json_text('payload', 'smtp_reply'),
        ]) }} as failure_reason,
        {{ json_text('payload', 'url') }} as clicked_url,
        {{ json_text('payload', 'agent') }} as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        {{ epoch_timestamp(json_text('payload', 'time')) }} as occurred_at,
        received_at

    from posted
)

select
    *,
    case when payload is not null then {{ email_event_hash() }} end as event_id
from renamed
