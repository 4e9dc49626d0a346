-- Braze's Currents, one row per event of an e-mail, in Braze's own words: posted, with the details
-- in `properties`, or flat as in files, where the loader keeps the event's name as `event_type`.
with

posted as (
    select
        *,
        {{ json_text('payload', 'event_type') }} as provider_event,
        coalesce({{ json_part('payload', 'properties') }}, payload) as body
    from {{ ref('stg_email__posted') }}
    where provider = 'braze'
)

select
    -- ids
    {{ clean_id(json_text('payload', 'id')) }} as event_id,
    {{ json_text('body', 'dispatch_id') }} as message_id,
    {{ clean_email(json_text('body', 'email_address')) }} as email,

    -- strings
    provider,
    provider_event,
    cast(null as {{ dbt.type_string() }}) as provider_detail,
    {{ json_text('body', 'bounce_reason') }} as failure_reason,
    {{ json_text('body', 'url') }} as clicked_url,
    {{ json_text('body', 'user_agent') }} as user_agent,
    payload,
    raw_payload,

    -- booleans
    -- It says true, and may once name the machine.
    coalesce({{ json_text('body', 'machine_open') }}, 'false') <> 'false' as is_flagged_machine,

    -- timestamps
    {{ epoch_timestamp(json_text('payload', 'time')) }} as occurred_at,
    received_at

from posted
where provider_event is null or provider_event like 'users.messages.email.%'
