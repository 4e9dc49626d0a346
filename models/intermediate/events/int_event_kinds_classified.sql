-- One row per kind of event (source, name, and page, object or link where a rule looks at them)
-- with the behavior it means. The most specific rule wins: higher precedence first, then a named
-- source, a named event, the pattern of the page, the object and the link that spells out more,
-- where a pattern without * spells out the whole.
with

events as (
    select * from {{ ref('int_events_described') }}
),

names as (
    select * from {{ ref('int_event_names') }}
),

behavior_rules as (
    select * from {{ ref('behavior_rules') }}
),

kinds as (
    select distinct
        events.source,
        events.event_name,
        {{ where_read('names.reads_page_path', 'events.page_path') }} as page_path,
        {{ where_read('names.reads_object', 'events.object_id') }} as object_id,
        {{ where_read('names.reads_link', 'events.link_url') }} as link_url
    from events
    inner join names
        on events.source = names.source and events.event_name = names.event_name
),

matched as (
    select
        kinds.*,
        behavior_rules.behavior,
        rank() over (
            partition by kinds.source, kinds.event_name, kinds.page_path, kinds.object_id,
                kinds.link_url
            order by
                behavior_rules.precedence desc,
                case when behavior_rules.source = '*' then 1 else 0 end,
                case when behavior_rules.event_name = '*' then 1 else 0 end,
                length(replace(behavior_rules.page_path_pattern, '*', '')) desc,
                length(behavior_rules.page_path_pattern),
                length(replace(behavior_rules.object_pattern, '*', '')) desc,
                length(behavior_rules.object_pattern),
                length(replace(behavior_rules.link_pattern, '*', '')) desc,
                length(behavior_rules.link_pattern)
        ) as rule_rank
    from kinds
    left join behavior_rules
        on
            behavior_rules.source in ('*', kinds.source)
            and behavior_rules.event_name in ('*', kinds.event_name)
            and {{ matches_page('kinds.page_path', 'behavior_rules.page_path_pattern') }}
            and {{ matches('kinds.object_id', 'behavior_rules.object_pattern') }}
            and {{ matches('kinds.link_url', 'behavior_rules.link_pattern') }}
)

select
    source,
    event_name,
    page_path,
    object_id,
    link_url,
    coalesce(min(behavior), 'other') as behavior,
    count(distinct behavior) as winning_behavior_count

from matched
where rule_rank = 1
group by source, event_name, page_path, object_id, link_url
