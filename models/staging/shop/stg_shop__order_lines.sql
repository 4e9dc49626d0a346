-- One row per order line as exported. A line is told by its id, or by all that it says: equal lines
-- of one file are numbered, so that they are several; the same line in another file is the same.
{% set columns, pattern = var('shop_columns'), var('shop_cancellation_pattern') or '^$' %}
{% set taken_back = "'" ~ var('shop_cancelled_statuses') | map('lower') | join("', '") ~ "'" %}
with

source as (select * from {{ source('shop', 'order_lines') }}),

renamed as (
    select
        -- ids
        {{ clean_id(adapter.quote(columns.order_id)) }} as order_id,
        {{ clean_id(shop_column('line_id')) }} as given_line_id,
        {{ clean_id(adapter.quote(columns.product_id)) }} as product_id,
        -- A number column with gaps arrives as 17850.0 when it means 17850.
        {{ regex_replace(clean_id(shop_column('customer_id')), '[.]0$', '') }} as customer_id,

        -- strings
        cast({{ adapter.quote(columns.product_name) }} as {{ dbt.type_string() }}) as product_name,
        cast({{ adapter.quote(columns.country) }} as {{ dbt.type_string() }}) as country,
        {{ currency_code(clean_text(shop_column('currency'))) }} as currency,
        {{ lower_text(clean_text(shop_column('status'))) }} as status,
        source_file as file_name,

        -- numbers
        {{ to_amount(adapter.quote(columns.quantity)) }} as quantity,
        {{ to_amount(adapter.quote(columns.unit_price)) }} as unit_price,
        {{ to_amount(shop_column('line_amount')) }} as line_amount,
        abs({{ to_amount(shop_column('discount')) }}) as discount,
        abs({{ to_amount(shop_column('tax')) }}) as tax,
        {{ utc_timestamp(adapter.quote(columns.ordered_at)) }} as ordered_at,
        {{ shop_says_no_number(['quantity', 'unit_price', 'line_amount', 'discount', 'tax']) }}
            as is_unread
    from source
),

told as (
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
            "coalesce('|' || " ~ double_text('line_amount') ~ ", '')",
            "coalesce('|-' || " ~ double_text('discount') ~ ", '')",
            "coalesce('|+' || " ~ double_text('tax') ~ ", '')",
        ])) }} as content_hash
    from renamed
),

numbered as (
    select
        *,
        row_number() over (partition by content_hash, file_name order by order_id) as copy_number
    from told
)

select
    -- ids
    order_id,
    {{ regex_replace('order_id', pattern, '\\1') if '(' in pattern else 'order_id' }}
        as original_order_id,
    product_id,
    customer_id,
    case
        when given_line_id is not null
            then {{ dbt.hash("coalesce(order_id, '') || '|line:' || given_line_id") }}
        when copy_number = 1 then content_hash
        else content_hash || ':' || cast(copy_number as {{ dbt.type_string() }})
    end as line_id,

    -- strings
    product_name,
    country,
    coalesce(currency, '{{ var("shop_currency") }}') as currency,

    -- numbers
    quantity,
    unit_price,
    discount,
    coalesce(
        line_amount,
        quantity * unit_price
        + case when quantity < 0 then -1 else 1 end * (coalesce(tax, 0) - coalesce(discount, 0))
    ) as amount,

    -- booleans
    coalesce({{ regex_matches('order_id', pattern) }}, false) as is_cancellation,
    coalesce(status in ({{ taken_back }}), false) as is_taken_back,
    is_unread,

    -- timestamps
    ordered_at

from numbered
