-- Customer.io's reporting webhooks, one row per event, in the words of its older form: the metric
-- `opened` of an `email` is `email_opened`. Other channels and conversions are not read.
with

posted as (
    select
        *,
        coalesce(
            {{ json_text('payload', 'object_type') }} || '_'
            || {{ json_text('payload', 'metric') }},
            {{ json_text('payload', 'event_type') }}
        ) as provider_event,
        {{ json_part('payload', 'data') }} as details
    from {{ ref('stg_email__posted') }}
    where provider = 'customer_io'
)

select
    -- ids
    {{ clean_id(json_text('payload', 'event_id')) }} as event_id,
    coalesce(
        {{ json_text('details', 'delivery_id') }}, {{ json_text('details', 'email_id') }}
    ) as message_id,
    coalesce(
        {{ clean_email(json_text('details', 'recipient')) }},
        {{ clean_email(json_text('details', 'email_address')) }},
        {{ clean_email(json_text('details', 'identifiers', 'email')) }}
    ) as email,

    -- strings
    provider,
    provider_event,
    cast(null as {{ dbt.type_string() }}) as provider_detail,
    {{ join_texts(' ', [
        json_text('details', 'failure_message'), json_text('details', 'reason')
    ]) }} as failure_reason,
    {{ json_text('details', 'href') }} as clicked_url,
    cast(null as {{ dbt.type_string() }}) as user_agent,
    payload,
    raw_payload,

    -- booleans
    -- A proxy that somebody reads through is marked as `proxied`, which says nothing.
    coalesce({{ json_text('details', 'prefetched') }} = 'true', false) as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('payload', 'timestamp')) }} as occurred_at,
    received_at

from posted
where
    provider_event is null
    or (provider_event like 'email!_%' escape '!' and provider_event <> 'email_converted')
    or provider_event in ('customer_subscribed', 'customer_unsubscribed')
