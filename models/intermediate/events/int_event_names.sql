-- One row per name of an event in a source, with what the behavior rules look at to tell its
-- events apart. It keeps the next model small: ids of orders and messages are only told apart
-- where a rule asks for them.
with

events as (
    select * from {{ ref('int_events_described') }}
),

behavior_rules as (
    select * from {{ ref('behavior_rules') }}
),

names as (
    select
        source,
        event_name,
        count(*) as event_count
    from events
    group by source, event_name
)

select
    names.source,
    names.event_name,
    names.event_count,
    coalesce({{ dbt.bool_or("behavior_rules.page_path_pattern <> '*'") }}, false)
        as reads_page_path,
    coalesce({{ dbt.bool_or("behavior_rules.object_pattern <> '*'") }}, false) as reads_object,
    coalesce({{ dbt.bool_or("behavior_rules.link_pattern <> '*'") }}, false) as reads_link

from names
left join behavior_rules
    on
        behavior_rules.source in ('*', names.source)
        and behavior_rules.event_name in ('*', names.event_name)
group by names.source, names.event_name, names.event_count
