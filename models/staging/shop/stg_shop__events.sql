-- Orders and their lines in the canonical shape. An export has no load time, so a row counts as
-- loaded when a run first sees it.
with

order_lines as (
    select * from {{ ref('stg_shop__order_lines') }}
),

orders as (
    select * from {{ ref('stg_shop__orders') }}
),

unioned as (
    select
        line_id as event_id,
        customer_id as user_id,
        product_id as object_id,
        case
            when is_cancellation then 'product_returned'
            when quantity > 0 then 'product_purchased'
            else 'stock_adjusted'
        end as event_name,
        'product' as object_type,
        {{ json_object(
            {'order_id': 'order_id', 'product_name': 'product_name'}, numbers={'quantity': 'quantity'}
        ) }}
            as properties,
        amount as value,
        ordered_at as occurred_at
    from order_lines

    union all

    select
        -- The customer is part of the identity: an order without one is another event.
        order_id || ':' || coalesce(customer_id, '') as event_id,
        customer_id as user_id,
        order_id as object_id,
        order_event as event_name,
        'order' as object_type,
        {{ json_object({}, numbers={'line_count': 'line_count'}) }} as properties,
        amount as value,
        ordered_at as occurred_at
    from orders
)

select
    -- ids
    event_id,
    user_id,
    object_id,
    {{ null_columns(['anonymous_id', 'device_id', 'email', 'phone']) }},

    -- strings
    event_name,
    object_type,
    '{{ var("shop_currency") }}' as currency,
    properties,
    {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url', 'quarantine_reason']) }},

    -- numbers
    value,

    -- booleans
    false as is_machine,

    -- timestamps
    occurred_at,
    {{ null_columns(['loaded_at'], 'timestamp') }}

from unioned
