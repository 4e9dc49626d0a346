-- One row per order of one customer, over its distinct lines.
with

lines as (
    select
        *,
        -- A line that came again with another status is the same line, and stays taken back.
        max(case when is_taken_back then 1 else 0 end) over (partition by line_id) as taken_back,
        row_number() over (
            partition by line_id
            order by {{ sorted_by(['ordered_at', 'quantity', 'amount', 'customer_id']) }}
        ) as copy_number
    from {{ ref('stg_shop__order_lines') }}
),

-- What went back is set off against what was bought of the same product: who swaps one thing for
-- another has ordered, who brings everything back has not.
products as (
    select
        order_id,
        original_order_id,
        customer_id,
        product_id,
        is_cancellation,
        max(currency) as currency,
        sum(case when taken_back = 0 then coalesce(quantity, 1) else 0 end) as pieces_kept,
        max(case when coalesce(quantity, 1) > 0 or amount > 0 then 1 else 0 end) as sells,
        max(case when quantity = 0 and amount > 0 and taken_back = 0 then 1 else 0 end)
            as sells_without_pieces,
        sum(amount) as amount,
        max(case when is_unread then 1 else 0 end) as unread,
        sum(discount) as discount,
        count(*) as line_count,
        min(ordered_at) as ordered_at
    from lines
    where copy_number = 1
    group by order_id, original_order_id, customer_id, product_id, is_cancellation
)

select
    -- ids
    order_id,
    original_order_id,
    customer_id,

    -- strings
    case
        when is_cancellation then 'order_cancelled'
        when max(sells) = 1 then 'order_completed'
        else 'stock_adjusted'
    end as order_event,
    max(currency) as currency,

    -- numbers
    -- A sum of fractions depends on the order in which an engine adds them.
    {{ round_to('sum(amount)', 6) }} as amount,
    {{ round_to('sum(discount)', 6) }} as discount,
    cast(sum(line_count) as bigint) as line_count,

    -- booleans
    not is_cancellation and max(sells) = 1
    and max(pieces_kept) <= 0 and max(sells_without_pieces) = 0 as is_taken_back,

    -- Nothing of it could be read.
    max(unread) = 1 and sum(amount) is null as is_unread,

    -- timestamps
    min(ordered_at) as ordered_at

from products
group by order_id, original_order_id, customer_id, is_cancellation
