-- One row per event up to as_of, with the profile it belongs to and the behavior it means.
-- Everything that is counted about people is counted here; later events never count. A view of a
-- page that is only a reload is no view, but still part of its visit.
{% set counts_machines = "(behaviors.family = 'email' and "
    ~ var('count_machine_opens') ~ ')' %}
with

events as (select * from {{ ref('int_events_classified') }}),

identifiers as (select * from {{ ref('int_identity_clusters') }}),

orders as (select * from {{ ref('int_orders_refunded') }}),

behaviors as (select * from {{ ref('behaviors') }}),

sequenced as (
    select
        events.*,
        identifiers.profile_key,
        lag(events.occurred_at) over (
            partition by
                identifiers.profile_key, events.visit_device_id, events.page_path,
                events.is_page_view, events.is_machine
            order by events.occurred_at, events.source, events.event_id
        ) as previous_at
    from events
    inner join identifiers on events.node_key = identifiers.node_key
),

meant as (
    select
        sequenced.*,
        orders.refunded_amount,
        case
            when
                sequenced.is_page_view
                and {{ is_reload('sequenced.previous_at', 'sequenced.occurred_at') }}
                then 'page_reloaded'
            when orders.is_taken_back then 'order_taken_back'
            else sequenced.behavior
        end as counted_behavior
    from sequenced
    left join orders
        on
            sequenced.behavior = 'order_completed'
            and sequenced.profile_key = orders.profile_key
            and sequenced.object_id = orders.order_id
)

select
    -- ids
    meant.source,
    meant.event_id,
    meant.profile_key,
    meant.visit_device_id,
    meant.email,
    meant.object_id,

    -- strings
    behaviors.behavior,
    behaviors.broader_behavior,
    behaviors.family,
    behaviors.stage,
    meant.page_path,
    meant.link_url,
    meant.currency,
    case when behaviors.family = 'shop' then {{ json_text('meant.properties', 'category') }} end
        as category,
    case
        when behaviors.family = 'shop'
            then coalesce(
                {{ json_text('meant.properties', 'cart_id') }},
                {{ json_text('meant.properties', 'checkout_id') }}
            )
    end as cart_id,
    case when behaviors.family = 'shop' then {{ json_text('meant.properties', 'order_id') }} end
        as order_id,
    case
        when behaviors.family = 'shop'
            then coalesce(
                {{ json_text('meant.properties', 'product_id') }},
                {{ json_text('meant.properties', 'sku') }},
                meant.object_id
            )
    end as product_id,
    case
        when behaviors.family = 'shop'
            then coalesce(
                {{ json_text('meant.properties', 'product_name') }},
                {{ json_text('meant.properties', 'name') }}
            )
    end as product_name,
    case
        when behaviors.family = 'shop'
            then coalesce(
                {{ json_text('meant.properties', 'cart_url') }},
                {{ json_text('meant.properties', 'abandoned_checkout_url') }},
                {{ json_text('meant.properties', 'url') }}
            )
    end as link,

    -- numbers
    behaviors.weight,
    -- Of an order, what was not given back.
    meant.value - coalesce(meant.refunded_amount, 0) as value,
    case
        when behaviors.family = 'shop'
            then {{ to_number(json_text('meant.properties', 'quantity')) }}
    end as quantity,

    -- booleans
    meant.is_web,
    meant.is_machine,
    not meant.is_machine or {{ counts_machines }} as is_human,
    behaviors.weight > 0 and (not meant.is_machine or {{ counts_machines }}) as is_engagement,
    case
        when behaviors.behavior = 'order_completed'
            then coalesce(
                {{ json_text('meant.properties', 'coupon') }} <> ''
                or {{ to_number(json_text('meant.properties', 'discount')) }} > 0,
                false
            )
        else false
    end as is_discounted,

    -- timestamps
    meant.occurred_at,
    meant.loaded_at

from meant
inner join behaviors on meant.counted_behavior = behaviors.behavior
