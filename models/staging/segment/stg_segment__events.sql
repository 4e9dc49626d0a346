-- Views of pages and screens, tracked events, products of orders, identify and group calls in the
-- canonical shape of an event.
with

pages as (
    select * from {{ ref('stg_segment__pages') }}
),

tracks as (
    select * from {{ ref('stg_segment__tracks') }}
),

order_products as (
    select * from {{ ref('stg_segment__order_products') }}
),

screens as (
    select * from {{ ref('stg_segment__screens') }}
),

groups as (
    select * from {{ ref('stg_segment__groups') }}
),

identifies as (
    select * from {{ ref('stg_segment__identifies') }}
),

page_events as (
    select
        page_view_id as event_id,
        anonymous_id,
        user_id,
        {{ null_columns(['device_id', 'crm_contact_id', 'email', 'phone']) | indent }},
        page_path as object_id,
        'page_viewed' as event_name,
        page_url,
        page_path,
        referrer,
        {{ null_columns(['link_url']) }},
        user_agent,
        'page' as object_type,
        {{ null_columns(['currency', 'properties']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        viewed_at as occurred_at,
        loaded_at
    from pages
),

{% set ids = [
    'order_id', 'product_id', 'sku', 'cart_id', 'content_id', 'video_id', 'form_id'
] %}
{% set texts = ['feature', 'url', 'currency'] %}
{% set amounts = ['revenue', 'total', 'value', 'price', 'seconds'] %}
track_properties as (
    select
        *
        {%- for name in ids + texts + amounts %},
        {{ json_text('properties', name) }} as {{ name }}_text
        {%- endfor %}
    from tracks
),

-- An empty text is none, and so is an amount that is no number: what comes next is asked.
track_objects as (
    select
        *,
        {%- for name in ids %}
        {{ known_id(name ~ '_text') | indent(8) }} as {{ name }},
        {%- endfor %}
        {{ clean_text('feature_text') }} as feature,
        {{ clean_text('url_text') }} as link_url,
        {{ clean_text('currency_text') }} as currency,
        {%- for name in amounts %}
        {{ to_amount(name ~ '_text') | indent(8) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from track_properties
),

-- A refund of a part lists its products, often without a sum. The same call may come twice.
returned_lines as (
    select distinct
        track_id,
        line_id,
        amount
    from order_products
    where is_returned
),

returned_amounts as (
    select
        track_id,
        sum(amount) as amount
    from returned_lines
    group by track_id
    having count(*) = count(amount)
),

unread_refunds as (
    select distinct track_id
    from order_products
    where is_returned and is_unread
),

track_amounts as (
    select
        track_objects.*,
        returned_amounts.amount as returned_amount
    from track_objects
    left join returned_amounts on track_objects.track_id = returned_amounts.track_id
),

track_events as (
    select
        track_id as event_id,
        anonymous_id,
        user_id,
        {{ null_columns(['device_id', 'crm_contact_id']) | indent }},
        email,
        {{ null_columns(['phone']) }},
        coalesce(
            order_id, product_id, sku, content_id, video_id, form_id, feature, link_url, cart_id
        ) as object_id,
        event_name,
        page_url,
        page_path,
        referrer,
        link_url,
        user_agent,
        case
            when order_id is not null then 'order'
            when coalesce(product_id, sku) is not null then 'product'
            when content_id is not null then 'content'
            when video_id is not null then 'video'
            when form_id is not null then 'form'
            when feature is not null then 'feature'
            when link_url is not null then 'link'
            when cart_id is not null then 'cart'
        end as object_type,
        currency,
        properties,
        -- What a refund gives back is its total; its revenue may be that of the whole order.
        case
            when event_name = 'order_refunded'
                then coalesce(total, revenue, value, returned_amount)
            else coalesce(revenue, total, value, price, seconds)
        end as value,
        occurred_at,
        loaded_at
    from track_amounts
),

identify_events as (
    select
        identify_id as event_id,
        anonymous_id,
        user_id,
        {{ null_columns(['device_id', 'crm_contact_id']) | indent }},
        email,
        phone,
        {{ null_columns(['object_id']) }},
        'identified' as event_name,
        {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url']) | indent }},
        user_agent,
        {{ null_columns(['object_type', 'currency', 'properties']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        identified_at as occurred_at,
        loaded_at
    from identifies
),

product_events as (
    select
        line_id as event_id,
        anonymous_id,
        user_id,
        {{ null_columns(['device_id', 'crm_contact_id']) | indent }},
        email,
        {{ null_columns(['phone']) }},
        product_id as object_id,
        case when is_returned then 'product_returned' else 'product_purchased' end as event_name,
        {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url']) | indent }},
        {{ null_columns(['user_agent']) }},
        'product' as object_type,
        currency,
        {{ json_object(
            {'order_id': 'order_id', 'product_name': 'product_name', 'category': 'category'},
            numbers={'quantity': 'quantity'}
        ) }} as properties,
        case when is_returned then -amount else amount end as value,
        occurred_at,
        loaded_at
    from order_products
    where product_id is not null
),

screen_events as (
    select
        screen_view_id as event_id,
        anonymous_id,
        user_id,
        device_id,
        {{ null_columns(['crm_contact_id', 'email', 'phone']) | indent }},
        screen_name as object_id,
        'screen_viewed' as event_name,
        {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url']) | indent }},
        {{ null_columns(['user_agent']) }},
        'screen' as object_type,
        {{ null_columns(['currency', 'properties']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        viewed_at as occurred_at,
        loaded_at
    from screens
),

group_events as (
    select
        group_call_id as event_id,
        anonymous_id,
        user_id,
        {{ null_columns(['device_id', 'crm_contact_id', 'email', 'phone']) | indent }},
        group_id as object_id,
        'group_joined' as event_name,
        {{ null_columns(['page_url', 'page_path', 'referrer', 'link_url']) | indent }},
        {{ null_columns(['user_agent']) }},
        'group' as object_type,
        {{ null_columns(['currency', 'properties']) | indent }},
        {{ null_columns(['value'], type_double()) }},
        grouped_at as occurred_at,
        loaded_at
    from groups
),

unioned as (
    select * from page_events
    union all
    select * from screen_events
    union all
    select * from product_events
    union all
    select * from group_events
    union all
    select * from track_events
    union all
    select * from identify_events
)

select
    unioned.*,
    false as is_machine,
    -- Money of an order that is said and cannot be read.
    case
        when
            unioned.event_name in (
                {%- for name in var('money_events') %}
                '{{ name }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
            and unioned.value is null
            and coalesce(
                {{ clean_text(json_text('unioned.properties', 'revenue')) }},
                {{ clean_text(json_text('unioned.properties', 'total')) }},
                unread_refunds.track_id
            ) is not null
            then 'value_is_no_number'
    end as quarantine_reason
from unioned
left join unread_refunds on unioned.event_id = unread_refunds.track_id
