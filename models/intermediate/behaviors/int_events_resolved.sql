-- One row per event up to as_of, with the profile it belongs to and the behavior it means.
-- Everything that is counted about people is counted here; later events never count.
with

events as (
    select * from {{ ref('int_events_identified') }}
    where occurred_at <= {{ as_of() }}
),

identifiers as (
    select * from {{ ref('profile_identifiers') }}
),

names as (
    select * from {{ ref('int_event_names') }}
),

kinds as (
    select * from {{ ref('int_event_kinds_classified') }}
),

behaviors as (
    select * from {{ ref('behaviors') }}
)

select
    -- ids
    events.source,
    events.event_id,
    identifiers.profile_id,
    coalesce(events.anonymous_id, events.identifier_value) as device_id,
    events.email,
    events.object_id,

    -- strings
    kinds.behavior,
    behaviors.broader_behavior,
    behaviors.family,
    behaviors.stage,
    events.page_path,
    events.link_url,
    case when behaviors.family = 'shop' then {{ json_text('events.properties', 'category') }} end
        as category,

    -- numbers
    behaviors.weight,
    events.value,

    -- booleans
    events.page_url is not null as is_web,
    events.is_machine,
    not events.is_machine or {{ var('count_machine_opens') }} as is_human,
    behaviors.weight > 0
    and (not events.is_machine or {{ var('count_machine_opens') }}) as is_engagement,
    case
        when kinds.behavior = 'order_completed'
            then coalesce(
                {{ json_text('events.properties', 'coupon') }} <> ''
                or {{ try_cast(json_text('events.properties', 'discount'), type_double()) }} > 0,
                false
            )
        else false
    end as is_discounted,

    -- timestamps
    events.occurred_at,
    events.loaded_at

from events
inner join identifiers
    on
        events.identifier_type = identifiers.identifier_type
        and events.identifier_value = identifiers.identifier_value
inner join names
    on events.source = names.source and events.event_name = names.event_name
inner join kinds
    on
        events.source = kinds.source
        and events.event_name = kinds.event_name
        and kinds.page_path = {{ where_read('names.reads_page_path', 'events.page_path') }}
        and kinds.object_id = {{ where_read('names.reads_object', 'events.object_id') }}
        and kinds.link_url = {{ where_read('names.reads_link', 'events.link_url') }}
inner join behaviors on kinds.behavior = behaviors.behavior
