-- One row per checkout that was begun and left, as the connector read it.
with

source as (
    select * from {{ source('shopify', 'abandoned_checkouts') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as checkout_id,
        {{ clean_id('customer_id') }} as customer_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,

        -- strings
        coalesce(
            {{ clean_text('currency') }}, {{ clean_text('total_price_set_shop_currency_code') }}
        ) as currency,

        -- numbers
        coalesce(
            {{ to_number('total_price') }}, {{ to_number('total_price_set_shop_amount') }}
        ) as amount,

        -- timestamps
        {{ utc_timestamp('created_at') }} as started_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
)

select * from renamed
