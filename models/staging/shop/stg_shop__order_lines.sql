-- One row per order line as exported; rows that are equal in every column share a line id.
{% set columns = var('shop_columns') %}
with

source as (
    select * from {{ source('shop', 'order_lines') }}
),

renamed as (
    select
        -- ids
        {{ clean_id(adapter.quote(columns.order_id)) }} as order_id,
        {{ clean_id(adapter.quote(columns.product_id)) }} as product_id,
        -- A number column with gaps arrives as 17850.0 when it means 17850.
        {{ regex_replace(clean_id(adapter.quote(columns.customer_id)), '[.]0$', '') }}
            as customer_id,

        -- strings
        cast({{ adapter.quote(columns.product_name) }} as {{ dbt.type_string() }}) as product_name,
        cast({{ adapter.quote(columns.country) }} as {{ dbt.type_string() }}) as country,

        -- numbers
        {{ to_number(adapter.quote(columns.quantity)) }} as quantity,
        {{ to_number(adapter.quote(columns.unit_price)) }} as unit_price,

        -- timestamps
        {{ utc_timestamp(adapter.quote(columns.ordered_at)) }} as ordered_at
    from source
)

select
    *,
    {{ dbt.hash(dbt.concat([
        "coalesce(order_id, '')", "'|'",
        "coalesce(product_id, '')", "'|'",
        "coalesce(customer_id, '')", "'|'",
        "coalesce(product_name, '')", "'|'",
        "coalesce(country, '')", "'|'",
        "coalesce(" ~ double_text('quantity') ~ ", '')", "'|'",
        "coalesce(" ~ double_text('unit_price') ~ ", '')", "'|'",
        "coalesce(cast(ordered_at as " ~ dbt.type_string() ~ "), '')",
    ])) }} as line_id,
    quantity * unit_price as amount,
    order_id like 'C%' as is_cancellation

from renamed
