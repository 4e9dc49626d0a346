-- One row per order, as of the connector's latest read. Connectors name the amounts after one or
-- the other of Shopify's interfaces.
with

source as (
    select * from {{ source('shopify', 'orders') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as order_id,
        {{ clean_id('customer_id') }} as customer_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,

        -- strings
        coalesce(
            {{ clean_text('currency') }},
            {{ clean_text('currency_code') }},
            {{ clean_text('total_price_set_shop_currency_code') }}
        ) as currency,
        {{ lower_text('coalesce(' ~ clean_text('financial_status') ~ ', '
            ~ clean_text('display_financial_status') ~ ')') }} as financial_status,

        -- numbers
        coalesce(
            {{ to_number('total_price') }}, {{ to_number('total_price_set_shop_amount') }}
        ) as amount,
        coalesce(
            {{ to_number('total_discounts') }}, {{ to_number('total_discounts_set_shop_amount') }}
        ) as discount,

        -- booleans
        coalesce({{ to_boolean('test') }}, false) as is_test,
        coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,

        -- timestamps
        coalesce({{ utc_timestamp('processed_at') }}, {{ utc_timestamp('created_at') }})
            as ordered_at,
        {{ utc_timestamp('cancelled_at') }} as cancelled_at,
        {{ utc_timestamp('updated_at') }} as updated_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

ranked as (
    select
        *,
        row_number() over (
            partition by order_id order by {{ sorted_by([
                'loaded_at', 'updated_at', 'cancelled_at', 'ordered_at', 'amount', 'customer_id',
                'email', 'phone', 'currency', 'financial_status', 'discount', 'is_test',
                'is_deleted',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    -- ids
    order_id,
    customer_id,
    email,
    phone,

    -- strings
    currency,

    -- numbers
    amount,
    discount,

    -- booleans
    is_test,

    -- timestamps
    ordered_at,
    -- What is voided or refunded as a whole was taken back when it last changed, at the latest.
    case
        when is_deleted or financial_status in ('voided', 'refunded', 'expired')
            then coalesce(cancelled_at, updated_at, loaded_at)
        else cancelled_at
    end as taken_back_at,
    loaded_at

from ranked
where recency = 1
