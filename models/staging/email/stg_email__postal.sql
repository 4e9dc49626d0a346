-- Postal's webhooks, one row per event, in its own words. What it says of incoming mail is not
-- ours.
with

posted as (
    select
        *,
        {{ json_part('payload', 'payload') }} as details
    from {{ ref('stg_email__posted') }}
    where provider = 'postal'
),

opened as (
    select
        *,
        coalesce(
            {{ json_part('details', 'message') }}, {{ json_part('details', 'original_message') }}
        ) as message
    from posted
)

select
    -- ids
    {{ clean_id(json_text('payload', 'uuid')) }} as event_id,
    {{ json_text('message', 'id') }} as message_id,
    {{ clean_email(json_text('message', 'to')) }} as email,

    -- strings
    provider,
    coalesce(
        {{ json_text('details', 'status') }}, {{ json_text('payload', 'event') }}
    ) as provider_event,
    cast(null as {{ dbt.type_string() }}) as provider_detail,
    {{ join_texts(' ', [
        json_text('details', 'output'), json_text('details', 'details')
    ]) }} as failure_reason,
    {{ json_text('details', 'url') }} as clicked_url,
    {{ json_text('details', 'user_agent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    false as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('payload', 'timestamp')) }} as occurred_at,
    received_at

from opened
where coalesce({{ json_text('message', 'direction') }}, '') <> 'incoming'
