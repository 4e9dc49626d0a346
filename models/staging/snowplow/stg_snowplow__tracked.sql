-- One row per tracked event, with what the JSON contexts say about the person and the purchase.
with

source as (
    select * from {{ source('snowplow', 'events') }}
),

contexts as (
    select
        *,
        -- Long schema names stop here, and so does text that is not JSON.
        {{ json_or_null('contexts_com_snowplowanalytics_snowplow_ecommerce_user_1_0_0') }}
            as shop_user,
        {{ json_or_null('contexts_com_snowplowanalytics_snowplow_ecommerce_product_1_0_0') }}
            as products,
        {{ json_or_null('contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1_0_0') }}
            as transactions,
        {{ json_or_null('contexts_com_snowplowanalytics_snowplow_client_session_1_0_1') }}
            as client_session,
        {{ json_or_null(
            'unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1_0_0'
        ) }} as shop_action
    from source
),

renamed as (
    select
        -- ids
        {{ clean_id('event_id') }} as event_id,
        {{ clean_id('app_id') }} as app_id,
        coalesce(
            {{ clean_id('domain_userid') }},
            {{ json_item('client_session', 0, 'user_id') }}
        ) as anonymous_id,
        coalesce(
            {{ clean_id('network_userid') }},
            {{ json_item('client_session', 0, 'user_id') }}
        ) as device_id,
        coalesce(
            {{ clean_id('user_id') }},
            {{ json_item('shop_user', 0, 'id') }}
        ) as user_id,
        coalesce(
            {{ clean_id('domain_sessionid') }},
            {{ json_item('client_session', 0, 'session_id') }}
        ) as session_id,
        {{ json_item('transactions', 0, 'transaction_id') }} as transaction_id,
        {{ json_item('products', 0, 'id') }} as product_id,

        -- strings
        {{ clean_email(json_item('shop_user', 0, 'email')) }} as email,
        coalesce({{ json_text('shop_action', 'type') }}, event_name, event) as tracked_name,
        page_url,
        page_urlpath as page_path,
        page_referrer as referrer,
        useragent as user_agent,
        {{ json_item('transactions', 0, 'currency') }} as transaction_currency,
        {{ json_item('products', 0, 'currency') }} as product_currency,

        -- numbers
        {{ to_number(json_item('transactions', 0, 'revenue')) }} as revenue,
        {{ to_number(json_item('products', 0, 'price')) }} as product_price,

        -- timestamps
        {{ utc_timestamp('derived_tstamp') }} as derived_at,
        {{ utc_timestamp('collector_tstamp') }} as collected_at
    from contexts
)

select * from renamed
