-- Amazon SES's events and notifications, one row per recipient, in Amazon's own words, with and
-- without the envelope of SNS.
{% set lists = {
    'bounce': 'bouncedRecipients', 'complaint': 'complainedRecipients', 'delivery': 'recipients',
    'deliveryDelay': 'delayedRecipients', 'mail': 'destination',
} %}
with

posted as (
    select
        *,
        {{ json_text('payload', 'Message') }} as message
    from {{ ref('stg_email__posted') }}
    where provider = 'amazon_ses'
),

opened as (
    select
        *,
        coalesce({{ json_or_null('message') }}, case when message is null then payload end) as body
    from posted
),

typed as (
    select
        *,
        coalesce(
            {{ json_text('body', 'eventType') }}, {{ json_text('body', 'notificationType') }}
        ) as provider_event
    from opened
),

recipients as (
    {% for part, list in lists.items() %}
    select
        {{ json_element('recipient_list', list, 'place') }} as recipient,
        placed.*
    from (
        select
            *,
            {{ json_positions('recipient_list', list) }} as place
        from (
            select
                *,
                {{ json_part('body', part) }} as recipient_list
            from typed
        ) as held
        where
            {% if loop.last %}
            provider_event not in ('Bounce', 'Complaint', 'Delivery', 'DeliveryDelay')
            {% else %}
            provider_event = '{{ part[0] | upper }}{{ part[1:] }}'
            {% endif %}
    ) as placed

    union all
    {% endfor %}
    -- What is no event stays one row, to be counted.
    select
        cast(null as {{ dbt.type_string() }}) as recipient,
        typed.*,
        cast(null as {{ dbt.type_string() }}) as recipient_list,
        cast(null as {{ dbt.type_int() }}) as place
    from typed
    where provider_event is null
),

renamed as (
    select
        -- ids
        {{ json_text('payload', 'MessageId') }} as sns_id,
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

    from (
        select
            *,
            case when recipient like '%"emailAddress"%' then recipient end as recipient_object
        from recipients
    ) as named
)

select
    *,
    case
        when payload is not null
            then coalesce(sns_id || ':' || coalesce(email, ''), {{ email_event_hash() }})
    end as event_id
from renamed
