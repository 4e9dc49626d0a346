-- Unisender Go's webhooks, one row per event, in its own words: one event a body, or those of a
-- user in an array within an array. What it tells besides the fate of messages is not read.
with

posted as (
    select
        *,
        {{ json_element('payload', 'events_by_user', '0') }} as by_user
    from {{ ref('stg_email__posted') }}
    where provider = 'unisender_go'
),

placed as (
    select
        *,
        {{ json_positions('by_user', 'events') }} as place
    from posted
    where by_user is not null
),

elements as (
    select
        *,
        {{ json_element('by_user', 'events', 'place') }} as element
    from placed
),

opened as (
    select
        provider,
        {{ json_text('element', 'event_name') }} as event_name,
        {{ json_part('element', 'event_data') }} as body,
        element as payload,
        element as raw_payload,
        received_at
    from elements

    union all

    select
        provider,
        {{ json_text('payload', 'event_name') }} as event_name,
        payload as body,
        payload,
        raw_payload,
        received_at
    from posted
    where by_user is null
),

renamed as (
    select
        -- ids
        coalesce(
            {{ json_text('body', 'metadata', 'anymail_id') }}, {{ json_text('body', 'job_id') }}
        ) as message_id,
        {{ clean_email(json_text('body', 'email')) }} as email,

        -- strings
        provider,
        {{ json_text('body', 'status') }} as provider_event,
        {{ json_text('body', 'delivery_info', 'delivery_status') }} as provider_detail,
        {{ join_texts(' ', [
            json_text('body', 'delivery_info', 'delivery_status'),
            json_text('body', 'delivery_info', 'destination_response'),
        ]) }} as failure_reason,
        {{ json_text('body', 'url') }} as clicked_url,
        {{ json_text('body', 'delivery_info', 'user_agent') }} as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        {{ utc_timestamp(json_text('body', 'event_time')) }} as occurred_at,
        received_at

    from opened
    where coalesce(event_name, 'transactional_email_status') = 'transactional_email_status'
)

select
    *,
    case when payload is not null then {{ email_event_hash() }} end as event_id
from renamed
