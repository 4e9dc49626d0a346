-- Snowplow events in the canonical shape. The collector's time is the load time, so that of two
-- copies of one event the first collected wins.
{% set excluded_apps = "'" ~ var('snowplow_excluded_app_ids', []) | join("', '") ~ "'" %}
with

tracked as (
    select * from {{ ref('stg_snowplow__tracked') }}
),

classified as (
    select
        *,
        tracked_name in ('transaction', 'refund') as is_about_order,
        tracked_name in ('product_view', 'add_to_cart', 'remove_from_cart') as is_about_product
    from tracked
)

select
    -- ids
    event_id,
    anonymous_id,
    device_id,
    {{ null_columns(['crm_contact_id']) }},
    user_id,
    email,
    {{ null_columns(['phone']) }},
    case
        when is_about_order then transaction_id
        when is_about_product then product_id
        else page_path
    end as object_id,

    -- strings
    case when tracked_name = 'page_view' then 'page_viewed' else tracked_name end as event_name,
    page_url,
    page_path,
    referrer,
    {{ null_columns(['link_url']) }},
    user_agent,
    case
        when is_about_order then 'order'
        when is_about_product then 'product'
        when page_path is not null then 'page'
    end as object_type,
    case
        when is_about_order then transaction_currency
        when is_about_product then product_currency
    end as currency,
    {{ json_object({'session_id': 'session_id', 'app_id': 'app_id'}) }} as properties,
    case
        when app_id in ({{ excluded_apps }}) then 'excluded_app'
    end as quarantine_reason,

    -- numbers
    case
        when tracked_name = 'transaction' then revenue
        when tracked_name = 'refund' then refund_amount
        when is_about_product then product_price
    end as value,

    -- booleans
    false as is_machine,

    -- timestamps
    coalesce(derived_at, collected_at) as occurred_at,
    collected_at as loaded_at

from classified
