-- One row per source, as long as its events are remembered: how many were delivered, and what
-- became of each; rows of files that cannot be read are among them. Kept events whose rows are no
-- longer delivered (a pruned file) are counted apart; what a CRM took back is not kept.
with

remembered as (
    select * from {{ ref('int_events') }}
),

events as (
    select * from {{ ref('int_events_identified') }}
    where not is_arrival
),

copies as (
    select
        source,
        event_id,
        count(*) as delivered_count
    from {{ ref('int_events_checked') }}
    where quarantine_reason is null
    group by source, event_id
),

usable as (
    select
        source,
        sum(delivered_count - 1) as duplicate_count
    from copies
    group by source
),

arrived as (
    {% for model in ['int_events_checked', 'int_rows_rejected'] %}
    select
        source,
        quarantine_reason
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

delivered as (
    select
        source,
        count(*) as delivered_count,
        count(quarantine_reason) as quarantined_count
    from arrived
    group by source
),

kept as (
    select
        events.source,
        count(events.identifier_type) as kept_count,
        count(*) - count(events.identifier_type) as unidentified_count,
        count(case when copies.event_id is null then 1 end) as withdrawn_count,
        max(events.loaded_at) as last_loaded_at
    from events
    left join copies on events.source = copies.source and events.event_id = copies.event_id
    group by events.source
),

retired as (
    select
        source,
        count(*) as retired_count,
        max(loaded_at) as last_loaded_at
    from remembered
    where not {{ is_enabled_source('source') }}
    group by source
),

sources as (
    select source from delivered
    {{ union_distinct() }}
    select source from kept
    {{ union_distinct() }}
    select source from retired
)

select
    sources.source,
    cast(coalesce(delivered.delivered_count, 0) as bigint) as delivered_count,
    cast(coalesce(kept.kept_count, 0) as bigint) as kept_count,
    cast(coalesce(usable.duplicate_count, 0) as bigint) as duplicate_count,
    cast(
        coalesce(delivered.quarantined_count, 0) + coalesce(kept.unidentified_count, 0) as bigint
    ) as quarantined_count,
    cast(coalesce(kept.withdrawn_count, 0) as bigint) as withdrawn_count,
    cast(coalesce(retired.retired_count, 0) as bigint) as retired_count,
    coalesce(kept.last_loaded_at, retired.last_loaded_at) as last_loaded_at

from sources
left join delivered on sources.source = delivered.source
left join usable on sources.source = usable.source
left join kept on sources.source = kept.source
left join retired on sources.source = retired.source
