-- One row per event up to as_of with the identifier it belongs to, the behavior of its kind, and
-- whether a machine did it.
{{ config(materialized='view') }}
with

events as (
    select * from {{ ref('int_events_identified') }}
    where occurred_at <= {{ as_of() }}
),

names as (
    select * from {{ ref('int_event_names') }}
),

kinds as (
    select * from {{ ref('int_event_kinds_classified') }}
),

machines as (
    select * from {{ ref('int_user_agents_classified') }}
),

gateways as (
    select * from {{ ref('int_email_machines_found') }}
),

behaviors as (
    select * from {{ ref('behaviors') }}
),

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
    named.node_key,
    coalesce(named.anonymous_id, named.device_id, named.identifier_value) as visit_device_id,
    named.email,
    named.object_id,

    -- strings
    kinds.behavior,
    named.page_path,
    named.link_url,
    named.currency,
    named.properties,

    -- numbers
    named.value,

    -- booleans
    named.page_url is not null as is_web,
    named.page_url is not null and behaviors.family = 'web' as is_page_view,
    -- A program of yours that reports what happened on a server is no visitor: it has no page.
    named.is_machine
    or gateways.event_id is not null
    or (
        machines.user_agent is not null
        and (named.page_url is not null or behaviors.family in ('email', 'campaign'))
    ) as is_machine,

    -- timestamps
    named.occurred_at,
    named.loaded_at

from named
inner join kinds
    on
        named.source = kinds.source
        and named.event_name = kinds.event_name
        and named.kind_page_path = kinds.page_path
        and named.kind_object_id = kinds.object_id
        and named.kind_link_url = kinds.link_url
inner join behaviors on kinds.behavior = behaviors.behavior
left join machines on named.user_agent = machines.user_agent
left join gateways on named.source = gateways.source and named.event_id = gateways.event_id
