-- One row per product of an order that a tracked event lists.
with

orders as (
    select * from {{ ref('stg_segment__tracks') }}
    where event_name in ('order_completed', 'order_refunded') and properties is not null
),

placed as (
    select
        orders.*,
        {{ json_positions('properties', 'products') }} as place
    from orders
),

products as (
    select
        *,
        {{ json_text('properties', 'order_id') }} as order_id,
        {{ json_text('properties', 'currency') }} as currency,
        {{ json_element('properties', 'products', 'place') }} as product
    from placed
),

named as (
    select
        *,
        coalesce(
            {{ json_text('product', 'product_id') }},
            {{ json_text('product', 'sku') }},
            {{ json_text('product', 'id') }}
        ) as product_id,
        {{ json_text('product', 'name') }} as product_name,
        {{ json_text('product', 'category') }} as category,
        {{ json_text('product', 'price') }} as price_text,
        {{ json_text('product', 'quantity') }} as quantity_text
    from products
)

select
    -- ids
    track_id,
    track_id || ':' || cast(place as {{ dbt.type_string() }}) as line_id,
    anonymous_id,
    user_id,
    email,
    order_id,
    product_id,

    -- strings
    product_name,
    category,
    currency,

    -- numbers
    coalesce({{ to_number('quantity_text') }}, 1) as quantity,
    {{ to_amount('price_text') }} * coalesce({{ to_number('quantity_text') }}, 1) as amount,

    -- booleans
    event_name = 'order_refunded' as is_returned,
    price_text is not null and {{ to_amount('price_text') }} is null as is_unread,

    -- timestamps
    occurred_at,
    loaded_at

from named
-- What is no object names nothing. A product without an id is one all the same, with its price.
where coalesce(product_id, product_name, price_text) is not null
