-- One row per event up to as_of, with the profile it belongs to and the behavior it means.
-- Everything that is counted about people is counted here; later events never count.
with

events as (
    select * from {{ ref('int_events_identified') }}
    where occurred_at <= {{ as_of() }}
),

identifiers as (select * from {{ ref('int_identity_clusters') }}),

names as (select * from {{ ref('int_event_names') }}),

kinds as (select * from {{ ref('int_event_kinds_classified') }}),

orders as (select * from {{ ref('int_orders_refunded') }}),

behaviors as (select * from {{ ref('behaviors') }}),

-- What tells kinds of events apart, computed before the join: a condition that reads both sides of
-- a join is checked for every pair.
named as (
    select
        events.*,
        {{ where_read('names.reads_page_path', 'events.page_path') }} as kind_page_path,
        {{ where_read('names.reads_object', 'events.object_id') }} as kind_object_id,
        {{ where_read('names.reads_link', 'events.link_url') }} as kind_link_url
    from events
    inner join names
        on events.source = names.source and events.event_name = names.event_name
)

select
    -- ids
    named.source,
    named.event_id,
    identifiers.profile_key,
    coalesce(named.anonymous_id, named.device_id, named.identifier_value) as visit_device_id,
    named.email,
    named.object_id,

    -- strings
    behaviors.behavior,
    behaviors.broader_behavior,
    behaviors.family,
    behaviors.stage,
    named.page_path,
    named.link_url,
    named.currency,
    case when behaviors.family = 'shop' then {{ json_text('named.properties', 'category') }} end
        as category,

    -- numbers
    behaviors.weight,
    -- Of an order, what was not given back.
    named.value - coalesce(orders.refunded_amount, 0) as value,

    -- booleans
    named.page_url is not null as is_web,
    named.is_machine,
    not named.is_machine or {{ var('count_machine_opens') }} as is_human,
    behaviors.weight > 0
    and (not named.is_machine or {{ var('count_machine_opens') }}) as is_engagement,
    case
        when behaviors.behavior = 'order_completed'
            then coalesce(
                {{ json_text('named.properties', 'coupon') }} <> ''
                or {{ to_number(json_text('named.properties', 'discount')) }} > 0,
                false
            )
        else false
    end as is_discounted,

    -- timestamps
    named.occurred_at,
    named.loaded_at

from named
inner join identifiers on named.node_key = identifiers.node_key
inner join kinds
    on
        named.source = kinds.source
        and named.event_name = kinds.event_name
        and named.kind_page_path = kinds.page_path
        and named.kind_object_id = kinds.object_id
        and named.kind_link_url = kinds.link_url
left join orders
    on
        kinds.behavior = 'order_completed'
        and identifiers.profile_key = orders.profile_key
        and named.object_id = orders.order_id
inner join behaviors
    on
        case when orders.is_taken_back then 'order_taken_back' else kinds.behavior end
        = behaviors.behavior
