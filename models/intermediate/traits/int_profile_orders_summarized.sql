-- One row per profile that ordered: what its orders were worth, in the currency of the latest one.
-- Nobody knows rates of exchange, so that orders in other currencies are not added.
with

order_events as (
    select
        profile_key,
        coalesce(object_id, event_id) as order_id,
        coalesce({{ currency_code('currency') }}, '{{ var("shop_currency") }}') as currency,
        value,
        occurred_at
    from {{ ref('int_events_resolved') }}
    where is_human and behavior = 'order_completed'
),

-- An order that several events or sources tell of is one order, with the largest amount.
copies as (
    select
        *,
        row_number() over (
            partition by profile_key, order_id
            order by {{ sorted_by(['value', 'occurred_at'], 'desc') }}, currency
        ) as copy_number
    from order_events
),

orders as (
    select
        *,
        {{ as_of() }} - occurred_at as age,
        row_number() over (
            partition by profile_key
            order by {{ sorted_by(['occurred_at', 'value'], 'desc') }}, currency, order_id
        ) as recency_rank
    from copies
    where copy_number = 1
),

latest as (
    select * from orders
    where recency_rank = 1
)

select
    -- ids
    latest.profile_key,

    -- strings
    latest.currency as order_currency,

    -- numbers
    coalesce({{ round_to('sum(case when ' ~ age_within(365).replace('age', 'orders.age')
        ~ ' then orders.value end)', 4) }}, 0) as order_value_365d,
    -- Rounded before it is divided: the last digit of a sum depends on the order of adding.
    coalesce(
        {{ round_to(round_to('sum(orders.value)', 4) ~ ' / count(orders.value)', 4) }}, 0
    ) as average_order_value,
    coalesce({{ round_to('max(latest.value)', 4) }}, 0) as last_order_value

from latest
inner join orders
    on latest.profile_key = orders.profile_key and latest.currency = orders.currency
group by latest.profile_key, latest.currency
