-- SparkPost's webhooks, one row per event, in its own words. A `ping` that holds no event is none.
with

posted as (
    select
        *,
        {{ json_part('payload', 'msys') }} as msys
    from {{ ref('stg_email__posted') }}
    where provider = 'sparkpost'
),

opened as (
    select
        *,
        coalesce(
            {{ json_part('msys', 'message_event') }},
            {{ json_part('msys', 'track_event') }},
            {{ json_part('msys', 'unsubscribe_event') }},
            {{ json_part('msys', 'gen_event') }}
        ) as body
    from posted
)

select
    -- ids
    {{ clean_id(json_text('body', 'event_id')) }} as event_id,
    {{ json_text('body', 'transmission_id') }} as message_id,
    coalesce(
        {{ clean_email(json_text('body', 'raw_rcpt_to')) }},
        {{ clean_email(json_text('body', 'rcpt_to')) }}
    ) as email,

    -- strings
    provider,
    -- An answer of a machine (out of office, "are you human?") is no bounce.
    case
        when {{ json_text('body', 'bounce_class') }} in ('60', '100') then 'auto_reply'
        else {{ json_text('body', 'type') }}
    end as provider_event,
    -- The class of a bounce says whose fault it was.
    {{ json_text('body', 'bounce_class') }} as provider_detail,
    coalesce(
        {{ json_text('body', 'raw_reason') }}, {{ json_text('body', 'reason') }}
    ) as failure_reason,
    {{ json_text('body', 'target_link_url') }} as clicked_url,
    {{ json_text('body', 'user_agent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    false as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('body', 'timestamp')) }} as occurred_at,
    received_at

from opened
where body is not null or msys is null
