-- Every provider's webhooks in the canonical shape. What a provider's word means is looked up in
-- seeds/email_event_types.csv; a word that is not there is set aside, never taken for engagement.
with

webhooks as (
    select * from {{ ref('stg_email__webhooks') }}
),

sendgrid as (
    select * from {{ ref('stg_email__sendgrid') }}
),

mailgun as (
    select * from {{ ref('stg_email__mailgun') }}
),

postmark as (
    select * from {{ ref('stg_email__postmark') }}
),

event_types as (
    select * from {{ ref('email_event_types') }}
),

from_providers as (
    select * from sendgrid
    union all
    select * from mailgun
    union all
    select * from postmark
),

named as (
    select
        from_providers.*,
        coalesce(exact_types.event_name, general_types.event_name) as event_name,
        from_providers.is_flagged_machine as is_machine
    from from_providers
    left join event_types as exact_types
        on
            from_providers.provider = exact_types.provider
            and from_providers.provider_event = exact_types.provider_event
            and from_providers.provider_detail = exact_types.provider_detail
    left join event_types as general_types
        on
            from_providers.provider = general_types.provider
            and from_providers.provider_event = general_types.provider_event
            and general_types.provider_detail = '*'
),

unknown_providers as (
    select * from webhooks
    where provider is null or provider not in ('sendgrid', 'mailgun', 'postmark')
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
    {{ null_columns(['anonymous_id', 'device_id', 'user_id', 'phone']) }},

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
