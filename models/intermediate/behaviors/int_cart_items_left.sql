-- One row per thing that somebody put into a cart, and per checkout that somebody began, which is
-- still there: neither taken out nor ordered since.
with

events as (
    select * from {{ ref('int_events_resolved') }}
    where is_human and family = 'shop'
),

begun as (
    select
        profile_key,
        source,
        event_id,
        behavior,
        cart_id,
        case when behavior = 'cart_item_added' then product_id end as product_id,
        product_name,
        link,
        value,
        quantity,
        occurred_at
    from events
    where behavior in ('cart_item_added', 'checkout_started')
),

-- Put in again it counts from then on.
put_in as (
    select
        *,
        row_number() over (
            partition by profile_key, behavior, cart_id, product_id
            order by occurred_at desc, source, event_id
        ) as recency
    from begun
),

orders as (
    select
        orders.profile_key,
        orders.cart_id,
        orders.occurred_at,
        -- Empty where nothing is listed: it may have been anything.
        lines.product_id
    from events as orders
    left join events as lines
        on
            lines.behavior = 'product_purchased'
            and orders.profile_key = lines.profile_key
            and orders.object_id = lines.order_id
    where orders.behavior = 'order_completed'
),

-- What ends what: a thing taken out, everything taken out, a cart that was ordered, things that
-- were ordered, and an order that says neither which cart nor which things. `is_own` asks for the
-- number of the cart; elsewhere a number that is missing hides nothing.
endings as (
    select
        profile_key,
        'cart_item_added' as ends,
        cart_id,
        product_id,
        false as is_own,
        occurred_at
    from events
    where behavior = 'cart_item_removed'

    union all

    select
        profile_key,
        'cart_item_added' as ends,
        cart_id,
        {{ null_columns(['product_id']) }},
        false as is_own,
        occurred_at
    from events
    where behavior = 'cart_emptied'

    union all

    select
        profile_key,
        'cart_item_added' as ends,
        cart_id,
        {{ null_columns(['product_id']) }},
        true as is_own,
        occurred_at
    from orders
    where cart_id is not null

    union all

    select
        profile_key,
        'cart_item_added' as ends,
        cart_id,
        product_id,
        false as is_own,
        occurred_at
    from orders

    union all

    select
        profile_key,
        'checkout_started' as ends,
        cart_id,
        {{ null_columns(['product_id']) }},
        false as is_own,
        occurred_at
    from orders
)

select
    -- ids
    put_in.profile_key,
    put_in.cart_id,
    put_in.product_id,

    -- strings
    put_in.behavior,
    put_in.product_name,
    put_in.link,

    -- numbers
    put_in.value * coalesce(put_in.quantity, 1) as amount,

    -- timestamps
    put_in.occurred_at

from put_in
left join endings
    on
        put_in.profile_key = endings.profile_key
        and put_in.behavior = endings.ends
        and put_in.occurred_at < endings.occurred_at
        and (endings.product_id is null or put_in.product_id = endings.product_id)
        and (
            put_in.cart_id = endings.cart_id
            or (not endings.is_own and (endings.cart_id is null or put_in.cart_id is null))
        )
where put_in.recency = 1 and endings.profile_key is null
