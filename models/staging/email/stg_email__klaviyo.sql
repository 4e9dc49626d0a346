-- Klaviyo's events, one row each, in the words of its webhooks: the metric `Opened Email` is
-- `opened_email`. What is not about e-mails is not read.
with

events as (
    select
        *,
        {{ json_part('attributes', 'event_properties') }} as properties,
        {{ regex_replace(regex_replace(
            lower_text('metric'), '^event:klaviyo[.]', ''
        ), ' +', '_') }} as provider_event
    from {{ ref('stg_email__klaviyo_events') }}
)

select
    -- ids
    coalesce(
        {{ clean_id(json_text('event', 'id')) }},
        {{ clean_id(json_text('payload', 'external_id')) }}
    ) as event_id,
    {{ json_text('properties', '$message') }} as message_id,
    -- A profile's address may have changed since.
    coalesce(
        {{ clean_email(json_text('properties', 'Recipient Email Address')) }},
        {{ clean_email('profile_email') }}
    ) as email,

    -- strings
    provider,
    provider_event,
    case
        when {{ lower_text(json_text('properties', 'Bounce Type')) }} like '%hard%' then 'hard'
    end as provider_detail,
    {{ join_texts(' ', [
        json_text('properties', 'Bounce Type'), json_text('properties', 'Bounce Reason')
    ]) }} as failure_reason,
    {{ json_text('properties', 'URL') }} as clicked_url,
    cast(null as {{ dbt.type_string() }}) as user_agent,
    payload,
    raw_payload,

    -- booleans
    coalesce(
        {% for flag in ['machine_open', 'Machine Open', 'Apple Privacy Open', 'Bot Click'] %}
        {{ lower_text(json_text('properties', flag)) }} = 'true'
        or {% endfor %}
        {{ lower_text(json_text('properties', 'bot_click')) }} = 'true',
        false
    ) as is_flagged_machine,

    -- timestamps
    coalesce(
        {{ epoch_timestamp(json_text('attributes', 'timestamp')) }},
        {{ utc_timestamp(json_text('attributes', 'datetime')) }}
    ) as occurred_at,
    received_at

from events
where
    provider_event is null
    or (
        (provider_event like '%email%' or provider_event = 'unsubscribed')
        -- What the sender's people undo is no word of the person.
        and provider_event not in (
            'updated_email_preferences', 'manually_unsuppressed_from_email_marketing'
        )
    )
