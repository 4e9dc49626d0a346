-- Amazon SES's events and notifications, one row per recipient, out of the envelope of SNS.
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
        *,
        {{ json_element(json_part('body', part), list, 'place') }} as recipient
    from (
        select
            *,
            {{ json_positions(json_part('body', part), list) }} as place
        from typed
        {% if loop.last %}
        where provider_event not in ('Bounce', 'Complaint', 'Delivery', 'DeliveryDelay')
        {% else %}
        where provider_event = '{{ part[0] | upper }}{{ part[1:] }}'
        {% endif %}
    ) as placed

    union all
    {% endfor %}
    -- What is no event stays one row, to be counted.
    select
        *,
        cast(null as {{ dbt.type_int() }}) as place,
        cast(null as {{ dbt.type_string() }}) as recipient
    from typed
    where provider_event is null
)

select * from recipients
