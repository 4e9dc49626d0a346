-- Events of Google Analytics 4 in the canonical shape. The export has no id of an event: where the
-- connector gives none, it is known by who sent it, when, and its place in what was sent.
{% set micros = 'cast(event_micros as ' ~ dbt.type_string() ~ ')' %}
with

tracked as (
    select * from {{ ref('stg_ga4__tracked') }}
),

described as (
    select
        *,
        -- The export's word for no id is none: two orders without one are two.
        coalesce(
            {{ known_id('transaction_id') }}, {{ known_id('ecommerce_transaction_id') }}
        ) as order_id,
        coalesce({{ known_id('first_item_id') }}, {{ known_id('item_id') }}) as product_id,
        -- A refund says what was given back, which may be less than the order.
        case when tracked_name = 'refund' then refund_value end as given_back,
        case
            when tracked_name = 'purchase' then purchase_revenue_in_usd
            when tracked_name = 'refund' then refund_value_in_usd
        end as amount_in_usd
    from tracked
),

classified as (
    select
        *,
        tracked_name in ('purchase', 'refund') as is_order,
        -- Some connectors land the amount in dollars alone.
        coalesce(given_back, purchase_revenue, value) is null
        and amount_in_usd is not null as is_in_usd,
        tracked_name in ('view_item', 'add_to_cart', 'remove_from_cart', 'add_to_wishlist')
            as is_about_product,
        tracked_name in ('form_start', 'form_submit', 'generate_lead') as is_about_form
    from described
)

select
    -- ids
    coalesce(
        row_id,
        case
            when tracked_name is not null and event_micros is not null
                then {{ dbt.hash(dbt.concat([
                    "coalesce(anonymous_id, '-')", "'|'", micros, "'|'", 'tracked_name', "'|'",
                    'place_in_batch', "'|'", "coalesce(ga_session_id, '-')", "'|'",
                    "coalesce(page_location, '-')", "'|'",
                    "coalesce(transaction_id, first_item_id, item_id, link_url, file_name, '-')",
                ])) }}
        end
    ) as event_id,
    anonymous_id,
    user_id,
    {{ null_columns(['device_id', 'crm_contact_id', 'email', 'phone']) }},
    case
        when is_order then order_id
        when is_about_product then product_id
        when is_about_form then form_id
        else coalesce(file_name, video_url, link_url)
    end as object_id,

    -- strings
    case when tracked_name = 'page_view' then 'page_viewed' else tracked_name end as event_name,
    page_location as page_url,
    {{ null_columns(['page_path']) }},
    page_referrer as referrer,
    link_url,
    {{ null_columns(['user_agent']) }},
    case
        when is_order then 'order'
        when is_about_product then 'product'
        when is_about_form then 'form'
        when file_name is not null then 'content'
        when video_url is not null then 'video'
        when link_url is not null then 'link'
    end as object_type,
    coalesce(currency, case when is_in_usd then 'USD' end) as currency,
    {{ json_object({'session_id': 'ga_session_id'}) }} as properties,
    {{ null_columns(['quarantine_reason']) }},

    -- numbers
    case
        when is_in_usd then amount_in_usd
        when is_order then coalesce(given_back, purchase_revenue, value)
        else coalesce(value, video_current_time)
    end as value,

    -- booleans
    false as is_machine,

    -- timestamps
    occurred_at,
    loaded_at

from classified
