-- Orders, what was taken back of them, checkouts and new customers in the canonical shape of an
-- event.
with

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

refunds as (
    select * from {{ ref('stg_shopify__refunds') }}
),

order_events as (
    select
        'order:' || order_id as event_id,
        customer_id as user_id,
        email,
        phone,
        order_id as object_id,
        'order_completed' as event_name,
        'order' as object_type,
        currency,
        {{ json_object({}, numbers={'discount': 'discount'}) }} as properties,
        case when is_test then 'test_order' end as quarantine_reason,
        amount as value,
        ordered_at as occurred_at,
        loaded_at
    from orders
),

-- Cancelled as a whole, so that no value says how much.
cancellation_events as (
    select
        'order:' || order_id || ':cancelled' as event_id,
        customer_id as user_id,
        email,
        phone,
        order_id as object_id,
        'order_cancelled' as event_name,
        'order' as object_type,
        currency,
        {{ null_columns(['properties']) }},
        case when is_test then 'test_order' end as quarantine_reason,
        {{ null_columns(['value'], type_double()) }},
        taken_back_at as occurred_at,
        loaded_at
    from orders
    where taken_back_at is not null
),

-- Whose a refund is, its order says.
refund_events as (
    select
        'refund:' || refunds.refund_id as event_id,
        orders.customer_id as user_id,
        orders.email,
        orders.phone,
        refunds.order_id as object_id,
        'order_refunded' as event_name,
        'order' as object_type,
        orders.currency,
        {{ null_columns(['properties']) }},
        case when orders.is_test then 'test_order' end as quarantine_reason,
        refunds.amount as value,
        refunds.refunded_at as occurred_at,
        -- It is known when both of them are.
        case
            when orders.loaded_at > refunds.loaded_at then orders.loaded_at else refunds.loaded_at
        end as loaded_at
    from refunds
    left join orders on refunds.order_id = orders.order_id
),

checkout_events as (
    select
        'checkout:' || checkout_id as event_id,
        customer_id as user_id,
        email,
        phone,
        checkout_id as object_id,
        'checkout_started' as event_name,
        'checkout' as object_type,
        currency,
        {{ null_columns(['properties', 'quarantine_reason']) | indent }},
        amount as value,
        started_at as occurred_at,
        loaded_at
    from {{ ref('stg_shopify__checkouts') }}
),

customer_events as (
    select
        'customer:' || customer_id as event_id,
        customer_id as user_id,
        email,
        phone,
        customer_id as object_id,
        'customer_created' as event_name,
        'customer' as object_type,
        {{ null_columns(['currency', 'properties', 'quarantine_reason']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        created_at as occurred_at,
        loaded_at
    from {{ ref('stg_shopify__customers') }}
),

unioned as (
    select * from order_events
    union all
    select * from cancellation_events
    union all
    select * from refund_events
    union all
    select * from checkout_events
    union all
    select * from customer_events
)

select
    *,
    {{ null_columns(['anonymous_id', 'device_id', 'crm_contact_id']) }},
    {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url', 'user_agent']) }},
    false as is_machine
from unioned
