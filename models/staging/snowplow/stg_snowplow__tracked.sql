-- One row per tracked event, with what the JSON contexts say about the person and the purchase.
{% set shop = 'contexts_com_snowplowanalytics_snowplow_ecommerce' %}
with

source as (
    select * from {{ source('snowplow', 'events') }}
),

contexts as (
    select
        *,
        -- Long schema names stop here, and so does text that is not JSON.
        {{ snowplow_context(shop ~ '_user', ['1_0_0', '1']) | indent(8) }} as shop_user,
        {{ snowplow_context(shop ~ '_product', ['1_0_0', '1']) | indent(8) }} as products,
        {{ snowplow_context(shop ~ '_transaction', ['1_0_0', '1']) | indent(8) }} as transactions,
        {{ snowplow_context(shop ~ '_refund', ['1_0_0', '1']) | indent(8) }} as refunds,
        {{ snowplow_context(
            'contexts_com_snowplowanalytics_snowplow_client_session',
            ['1_0_2', '1_0_1', '1_0_0', '1']
        ) | indent(8) }} as client_session,
        {{ snowplow_context(
            'unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action',
            ['1_0_2', '1_0_1', '1_0_0', '1']
        ) | indent(8) }} as shop_action
    from source
),

renamed as (
    select
        -- ids
        {{ clean_id('event_id') }} as event_id,
        {{ clean_id('app_id') }} as app_id,
        coalesce(
            {{ clean_id('domain_userid') }},
            {{ json_item_spelled('client_session', 'user_id') | indent(12) }}
        ) as anonymous_id,
        coalesce(
            {{ clean_id('network_userid') }},
            {{ json_item_spelled('client_session', 'user_id') | indent(12) }}
        ) as device_id,
        coalesce(
            {{ clean_id('user_id') }},
            {{ json_item('shop_user', 0, 'id') }}
        ) as user_id,
        coalesce(
            {{ clean_id('domain_sessionid') }},
            {{ json_item_spelled('client_session', 'session_id') | indent(12) }}
        ) as session_id,
        -- Trackers of before the contexts have the order in columns of their own.
        coalesce(
            {{ known_id(json_item_spelled('refunds', 'transaction_id')) | indent(12) }},
            {{ known_id(json_item_spelled('transactions', 'transaction_id')) | indent(12) }},
            {{ known_id('tr_orderid') | indent(12) }}
        ) as transaction_id,
        {{ json_item('products', 0, 'id') }} as product_id,

        -- strings
        {{ clean_email(json_item('shop_user', 0, 'email')) }} as email,
        coalesce({{ json_text('shop_action', 'type') }}, event_name, event) as tracked_name,
        page_url,
        page_urlpath as page_path,
        page_referrer as referrer,
        useragent as user_agent,
        coalesce(
            {{ json_item('refunds', 0, 'currency') }},
            {{ json_item('transactions', 0, 'currency') }},
            {{ clean_text('tr_currency') }}
        ) as transaction_currency,
        {{ json_item('products', 0, 'currency') }} as product_currency,

        -- numbers
        coalesce(
            {{ to_number(json_item('transactions', 0, 'revenue')) }},
            {{ to_number('tr_total') }}
        ) as revenue,
        {{ to_amount(json_item_spelled('refunds', 'refund_amount')) | indent(8) }}
            as refund_amount,
        {{ to_number(json_item('products', 0, 'price')) }} as product_price,

        -- timestamps
        {{ utc_timestamp('derived_tstamp') }} as derived_at,
        {{ utc_timestamp('collector_tstamp') }} as collected_at
    from contexts
)

select * from renamed
