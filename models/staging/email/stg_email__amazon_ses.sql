-- Amazon SES's events, one row per recipient, in Amazon's own words.
with

named as (
    select
        *,
        case when recipient like '%"emailAddress"%' then recipient end as recipient_object
    from {{ ref('stg_email__amazon_ses_recipients') }}
),

renamed as (
    select
        -- ids
        {{ json_text('body', 'mail', 'messageId') }} as message_id,
        coalesce(
            {{ clean_email(json_text('recipient_object', 'emailAddress')) }},
            {{ clean_email('recipient') }}
        ) as email,

        -- strings
        provider,
        provider_event,
        coalesce(
            {{ json_text('body', 'bounce', 'bounceType') }},
            {{ json_text('body', 'subscription', 'newTopicPreferences', 'unsubscribeAll') }}
        ) as provider_detail,
        {{ join_texts(' ', [
            json_text('recipient_object', 'status'),
            json_text('recipient_object', 'diagnosticCode'),
            json_text('body', 'bounce', 'bounceSubType'),
            json_text('body', 'reject', 'reason'),
            json_text('body', 'failure', 'errorMessage'),
        ]) }} as failure_reason,
        {{ json_text('body', 'click', 'link') }} as clicked_url,
        coalesce(
            {{ json_text('body', 'open', 'userAgent') }},
            {{ json_text('body', 'click', 'userAgent') }}
        ) as user_agent,
        payload,
        raw_payload,

        -- booleans
        false as is_flagged_machine,

        -- timestamps
        coalesce(
            {{ utc_timestamp(json_text('payload', 'Timestamp')) }},
            {% for part in ['bounce', 'complaint', 'delivery', 'deliveryDelay', 'open', 'click'] %}
            {{ utc_timestamp(json_text('body', part, 'timestamp')) }},
            {% endfor %}
            {{ utc_timestamp(json_text('body', 'mail', 'timestamp')) }}
        ) as occurred_at,
        received_at

    from named
)

select
    *,
    case
        when payload is not null
            then coalesce(
                -- The id of SNS's envelope, which is one for all recipients.
                {{ json_text('payload', 'MessageId') }} || ':' || coalesce(email, ''),
                {{ email_event_hash() }}
            )
    end as event_id
from renamed
