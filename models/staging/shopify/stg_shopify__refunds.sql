-- One row per refund with what was given back: the refund's own amount, or that of its lines.
with

refunds as (
    select
        {{ clean_id('id') }} as refund_id,
        {{ clean_id('order_id') }} as order_id,
        {{ to_number('total_refunded_set_shop_amount') }} as amount,
        coalesce({{ utc_timestamp('processed_at') }}, {{ utc_timestamp('created_at') }})
            as refunded_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from {{ source('shopify', 'refunds') }}
),

lines as (
    select distinct
        {{ clean_id('id') }} as line_id,
        {{ clean_id('refund_id') }} as refund_id,
        {{ to_number('subtotal') }} as subtotal,
        {{ to_number('total_tax') }} as tax
    from {{ source('shopify', 'order_line_refunds') }}
),

line_amounts as (
    select
        refund_id,
        {{ round_to('sum(coalesce(subtotal, 0) + coalesce(tax, 0))', 4) }} as amount
    from lines
    group by refund_id
)

select
    -- ids
    refunds.refund_id,
    refunds.order_id,

    -- numbers
    -- A refund without money is one of shipping or of nothing, never the whole order.
    coalesce(refunds.amount, line_amounts.amount, 0) as amount,

    -- timestamps
    refunds.refunded_at,
    refunds.loaded_at

from refunds
left join line_amounts on refunds.refund_id = line_amounts.refund_id
