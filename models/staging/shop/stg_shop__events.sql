-- Orders and their lines in the canonical shape. An export has no load time, so a row counts as
-- loaded when a run first sees it.
with

order_lines as (
    select * from {{ ref('stg_shop__order_lines') }}
),

orders as (
    select * from {{ ref('stg_shop__orders') }}
),

line_events as (
    select
        line_id as event_id,
        customer_id as user_id,
        product_id as object_id,
        case
            when is_cancellation then 'product_returned'
            when coalesce(quantity, 1) > 0 or amount > 0 then 'product_purchased'
            else 'stock_adjusted'
        end as event_name,
        'product' as object_type,
        currency,
        {{ json_object(
            {'order_id': 'order_id', 'product_name': 'product_name'},
            numbers={'quantity': 'quantity'}
        ) }}
            as properties,
        is_unread,
        amount as value,
        ordered_at as occurred_at
    from order_lines
),

-- A status is no copy of the line: what was paid yesterday and is refunded today is two events.
refunded_lines as (
    select
        line_id || ':refunded' as event_id,
        customer_id as user_id,
        original_order_id as object_id,
        'order_refunded' as event_name,
        'order' as object_type,
        currency,
        {{ json_object({'product_id': 'product_id'}) }} as properties,
        is_unread,
        amount as value,
        ordered_at as occurred_at
    from order_lines
    where is_taken_back and not is_cancellation
),

order_events as (
    select
        -- The customer is part of the identity: an order without one is another event.
        order_id || ':' || coalesce(customer_id, '') as event_id,
        customer_id as user_id,
        original_order_id as object_id,
        order_event as event_name,
        'order' as object_type,
        currency,
        {{ json_object({}, numbers={'line_count': 'line_count', 'discount': 'discount'}) }}
            as properties,
        is_unread,
        amount as value,
        ordered_at as occurred_at
    from orders
),

-- Nothing is left of the order, so that no value says how much went back.
orders_taken_back as (
    select
        order_id || ':' || coalesce(customer_id, '') || ':cancelled' as event_id,
        customer_id as user_id,
        original_order_id as object_id,
        'order_cancelled' as event_name,
        'order' as object_type,
        currency,
        {{ null_columns(['properties']) }},
        is_unread,
        {{ null_columns(['value'], type_double()) }},
        ordered_at as occurred_at
    from orders
    where is_taken_back
),

unioned as (
    select * from line_events
    union all
    select * from refunded_lines
    union all
    select * from order_events
    union all
    select * from orders_taken_back
)

select
    -- ids
    event_id,
    user_id,
    object_id,
    {{ null_columns(['anonymous_id', 'device_id', 'crm_contact_id', 'email', 'phone']) }},

    -- strings
    event_name,
    object_type,
    currency,
    properties,
    {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url']) }},
    {{ null_columns(['user_agent']) }},
    case when is_unread then 'value_is_no_number' end as quarantine_reason,

    -- numbers
    value,

    -- booleans
    false as is_machine,

    -- timestamps
    occurred_at,
    {{ null_columns(['loaded_at'], 'timestamp') }}

from unioned
