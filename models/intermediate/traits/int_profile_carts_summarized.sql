-- One row per profile that left something in a cart or at a checkout: what, worth how much, and
-- when the last of it was put there.
with

items as (
    select * from {{ ref('int_cart_items_left') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_key, behavior
            order by occurred_at desc, {{ sorted_by(['cart_id', 'product_id']) }}
        ) as recency
    from items
)

select
    -- ids
    profile_key,

    -- strings
    {{ text_list(
        "case when behavior = 'cart_item_added' then coalesce(product_name, product_id) end",
        ', ', 'recency'
    ) | indent }} as cart_items,
    max(case when behavior = 'cart_item_added' and recency = 1 then link end) as cart_link,

    -- numbers
    {{ round_to("sum(case when behavior = 'cart_item_added' then amount end)", 4) | indent }}
        as cart_value,

    -- timestamps
    max(case when behavior = 'cart_item_added' then occurred_at end) as last_cart_item_added_at,
    max(case when behavior = 'checkout_started' then occurred_at end) as last_checkout_started_at

from ranked
group by profile_key
