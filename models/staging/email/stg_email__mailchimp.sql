-- Mailchimp's webhooks, a form each, and the e-mail activity that connectors land, one row per
-- event, in Mailchimp's own words. What a webhook tells of profiles and campaigns is not read.
with

posted as (
    select
        *,
        '&' || {{ regex_replace(
            regex_replace('raw_payload', '%5[bB]', '['), '%5[dD]', ']'
        ) }} as form
    from {{ ref('stg_email__posted') }}
    where provider = 'mailchimp'
),

decoded as (
    select
        *,
        {{ form_field('form', 'type') }} as form_type,
        {{ form_field('form', 'fired_at') }} as form_fired_at,
        {{ form_field('form', 'data[email]') }} as form_email,
        {{ form_field('form', 'data[reason]') }} as form_reason,
        {{ form_field('form', 'data[campaign_id]') }} as form_campaign_id
    from posted
),

events as (
    select
        provider,
        coalesce(
            payload,
            case
                when form_type is not null then {{ json_object({
                    'type': 'form_type',
                    'fired_at': 'form_fired_at',
                    'email': 'form_email',
                    'reason': 'form_reason',
                    'campaign_id': 'form_campaign_id',
                }) }}
            end
        ) as payload,
        raw_payload,
        received_at
    from decoded
),

-- A webhook that was parsed into JSON before has its fields in `data`.
opened as (
    select
        *,
        {{ json_text('payload', 'action') }} as activity,
        coalesce({{ json_part('payload', 'data') }}, payload) as body
    from events
),

renamed as (
    select
        -- ids
        {{ json_text('body', 'campaign_id') }} as message_id,
        coalesce(
            {{ clean_email(json_text('body', 'email')) }},
            {{ clean_email(json_text('body', 'email_address')) }}
        ) as email,

        -- strings
        provider,
        coalesce(activity, {{ json_text('payload', 'type') }}) as provider_event,
        case
            when activity is not null then {{ json_text('payload', 'type') }}
            else {{ json_text('body', 'reason') }}
        end as provider_detail,
        cast(null as {{ dbt.type_string() }}) as failure_reason,
        {{ json_text('payload', 'url') }} as clicked_url,
        cast(null as {{ dbt.type_string() }}) as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        coalesce(
            {{ utc_timestamp(json_text('payload', 'fired_at')) }},
            {{ utc_timestamp(json_text('payload', 'timestamp')) }}
        ) as occurred_at,
        received_at

    from opened
)

select
    *,
    -- A complaint is an unsubscription with a reason of its own.
    case
        when payload is not null
            then {{ email_event_hash() }} || coalesce(':' || provider_detail, '')
    end as event_id
from renamed
where coalesce(provider_event, '') not in ('profile', 'upemail', 'campaign')
