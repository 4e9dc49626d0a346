-- Mailgun's webhooks, one row per event, in its own words: the current form nests the event in
-- `event-data`, the older one has its fields on the top level.
{% set mailgun_day = 'cast(cast(occurred_at as date) as ' ~ dbt.type_string() ~ ')' %}
{% set event_data = json_part('payload', 'event-data') %}
with

opened as (
    select
        *,
        {{ event_data }} is null as is_older_form,
        coalesce({{ event_data }}, payload) as body
    from {{ ref('stg_email__posted') }}
    where provider = 'mailgun'
),

renamed as (
    select
        -- ids
        {{ json_text('body', 'id') }} as mailgun_id,
        is_older_form,
        {{ regex_replace(
            "coalesce(" ~ json_text('body', 'message', 'headers', 'message-id')
            ~ ", " ~ json_text('body', 'Message-Id') ~ ")", '^<+|>+$', ''
        ) }} as message_id,
        {{ clean_email(
            "coalesce(" ~ json_text('body', 'recipient')
            ~ ", nullif(" ~ part_of(part_of(
                json_text('body', 'message', 'headers', 'to'), "'<'", 2
            ), "'>'", 1) ~ ", ''))"
        ) }} as email,

        -- strings
        provider,
        {{ json_text('body', 'event') }} as provider_event,
        {{ json_text('body', 'severity') }} as provider_detail,
        {{ join_texts(' ', [
            json_text('body', 'reason'),
            json_text('body', 'delivery-status', 'code'),
            json_text('body', 'delivery-status', 'enhanced-code'),
            json_text('body', 'delivery-status', 'message'),
            json_text('body', 'delivery-status', 'description'),
            json_text('body', 'code'),
            json_text('body', 'error'),
            json_text('body', 'description'),
        ]) }} as failure_reason,
        {{ json_text('body', 'url') }} as clicked_url,
        coalesce(
            {{ json_text('body', 'client-info', 'user-agent') }},
            {{ json_text('body', 'user-agent') }}
        ) as user_agent,
        payload,
        raw_payload,

        -- booleans
        coalesce({{ json_text('body', 'client-info', 'bot') }}, '') <> '' as is_flagged_machine,

        -- timestamps
        {{ epoch_timestamp(json_text('body', 'timestamp')) }} as occurred_at,
        received_at
    from opened
)

select
    -- ids
    -- Mailgun's ids are unique within a day only. A retry may be signed anew, so no signature is in
    -- the id; of the older form, which has no id, only an identical retry is recognised.
    coalesce(
        {{ dbt.concat(['mailgun_id', "'@'", mailgun_day]) }},
        mailgun_id,
        case
            when is_older_form then {{ dbt.hash('payload') }}
            else {{ email_event_hash() }}
        end
    ) as event_id,
    message_id,
    email,

    -- strings
    provider,
    provider_event,
    provider_detail,
    failure_reason,
    clicked_url,
    user_agent,
    payload,
    raw_payload,

    -- booleans
    is_flagged_machine,

    -- timestamps
    occurred_at,
    received_at

from renamed
