-- Mandrill's webhooks, one row per event, in its own words.
with

posted as (
    select
        *,
        {{ json_part('payload', 'msg') }} as msg,
        {{ json_part('payload', 'reject') }} as refusal
    from {{ ref('stg_email__posted') }}
    where provider = 'mandrill'
),

renamed as (
    select
        -- ids
        coalesce({{ json_text('payload', '_id') }}, {{ json_text('msg', '_id') }}) as message_id,
        coalesce(
            {{ clean_email(json_text('msg', 'email')) }},
            {{ clean_email(json_text('refusal', 'email')) }}
        ) as email,

        -- strings
        provider,
        coalesce(
            {{ json_text('payload', 'event') }}, {{ json_text('payload', 'type') }}
        ) as provider_event,
        cast(null as {{ dbt.type_string() }}) as provider_detail,
        -- Why Mandrill itself refused is marked as such: `spam` from a mail server is no complaint.
        {{ join_texts(' ', [
            json_text('msg', 'diag'),
            json_text('msg', 'bounce_description'),
            "'reject reason ' || " ~ json_text('msg', 'reject', 'reason'),
            "'reject reason ' || " ~ json_text('refusal', 'reason'),
        ]) }} as failure_reason,
        {{ json_text('payload', 'url') }} as clicked_url,
        {{ json_text('payload', 'user_agent') }} as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        {{ epoch_timestamp(json_text('payload', 'ts')) }} as occurred_at,
        received_at

    from posted
)

select
    *,
    case when payload is not null then {{ email_event_hash() }} end as event_id
from renamed
