-- One row per order of one customer, over its distinct lines.
with

lines as (
    select distinct * from {{ ref('stg_shop__order_lines') }}
)

select
    order_id,
    customer_id,
    case
        when is_cancellation then 'order_cancelled'
        when sum(quantity) > 0 then 'order_completed'
        else 'stock_adjusted'
    end as order_event,
    -- A sum of fractions depends on the order in which an engine adds them.
    {{ round_to('sum(amount)', 6) }} as amount,
    count(*) as line_count,
    min(ordered_at) as ordered_at

from lines
group by order_id, customer_id, is_cancellation
