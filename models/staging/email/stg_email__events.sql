-- Every provider's webhooks in the canonical shape. A word that means nothing to us is set aside,
-- never taken for engagement; a failure means what was said about it, before the provider's word.
with

webhooks as (
    select * from {{ ref('stg_email__webhooks') }}
),

reports as (
    select * from {{ ref('stg_email__reports') }}
),

failures as (
    select * from {{ ref('stg_email__failures') }}
),

event_types as (
    select * from {{ ref('email_event_types') }}
),

first_deliveries as (
    select
        provider,
        min(occurred_at) as first_delivered_at
    from reports
    where event_name = 'email_delivered'
    group by provider
),

named as (
    select
        reports.provider,
        reports.event_id,
        reports.email,
        reports.message_id,
        case
            -- A provider that tells of no delivery yet tells of them by what it sent; what it sent
            -- on the day of the first is reported itself.
            when
                reports.event_name = 'email_queued'
                and (
                    first_deliveries.provider is null
                    or reports.occurred_at
                    < first_deliveries.first_delivered_at - interval '1' day
                )
                then 'email_delivered'
            else coalesce(failures.event_name, reports.event_name)
        end as event_name,
        reports.clicked_url,
        reports.user_agent,
        reports.payload,
        reports.raw_payload,
        reports.is_flagged_machine as is_machine,
        reports.occurred_at,
        reports.received_at
    from reports
    left join first_deliveries on reports.provider = first_deliveries.provider
    left join failures
        on
            reports.provider = failures.provider
            and reports.event_name = failures.reported_as
            and reports.failure_reason = failures.failure_reason
),

unknown_providers as (
    select * from webhooks
    where
        provider is null
        or provider not in (select event_types.provider from event_types)
),

unioned as (
    select
        -- Two providers may give one id.
        {{ dbt.concat(['provider', "':'", 'event_id']) }} as event_id,
        email,
        message_id,
        event_name,
        clicked_url,
        user_agent,
        raw_payload,
        case
            when payload is null then 'unreadable_payload'
            when event_name is null then 'unknown_event_type'
        end as quarantine_reason,
        is_machine,
        occurred_at,
        received_at
    from named

    union all

    select
        null as event_id,
        null as email,
        null as message_id,
        null as event_name,
        null as clicked_url,
        null as user_agent,
        raw_payload,
        'unknown_provider' as quarantine_reason,
        false as is_machine,
        null as occurred_at,
        received_at
    from unknown_providers
)

select
    -- ids
    event_id,
    email,
    message_id as object_id,
    {{ null_columns(['anonymous_id', 'device_id', 'user_id', 'phone', 'crm_contact_id']) }},

    -- strings
    event_name,
    clicked_url as link_url,
    user_agent,
    'email_message' as object_type,
    raw_payload as properties,
    -- A click opens a page, but that page's own event says so: no visit begins here.
    {{ null_columns(['page_url', 'page_path', 'referrer', 'currency']) }},
    quarantine_reason,

    -- numbers
    {{ null_columns(['value'], type_double()) }},

    -- booleans
    is_machine,

    -- timestamps
    occurred_at,
    received_at as loaded_at

from unioned
