-- One row per profile that viewed products in the last 14 days and bought none of those since: how
-- many. An order that does not say what was ordered may have been for any of them.
with

events as (
    select * from {{ ref('int_events_resolved') }}
    where is_human and family = 'shop'
),

views as (
    select
        profile_key,
        product_id,
        max(occurred_at) as viewed_at
    from events
    where behavior = 'product_viewed' and occurred_at > {{ as_of() }} - interval '14' day
    group by profile_key, product_id
),

orders as (
    select
        orders.profile_key,
        lines.product_id,
        orders.occurred_at
    from events as orders
    left join events as lines
        on
            lines.behavior = 'product_purchased'
            and orders.profile_key = lines.profile_key
            and orders.object_id = lines.order_id
    where orders.behavior = 'order_completed'
)

select
    views.profile_key,
    count(*) as unbought_product_count_14d

from views
left join orders
    on
        views.profile_key = orders.profile_key
        and views.viewed_at <= orders.occurred_at
        and (
            orders.product_id is null
            or views.product_id is null
            or views.product_id = orders.product_id
        )
where orders.profile_key is null
group by views.profile_key
