{#
    Fails for each source of which a share of the events that it loaded last is set aside: those of
    the hours up to the newest, when there are enough to judge by. A history that was good does not
    hide that it broke last night. What var quarantine_expected lists does not count.

    set_aside_lately(at_least=0.2, hours=24, least_events=50)  →  segment  0.61  812  e_0017
#}
{% test set_aside_lately(model, at_least, hours=24, least_events=50) %}

with

events as (
    select
        source,
        event_id,
        quarantine_reason,
        loaded_at
    from {{ ref('int_events_checked') }}
    where has_load_time
),

newest as (
    select
        source,
        max(loaded_at) as newest_loaded_at
    from events
    group by source
),

-- Events whose only identifier is void.
unidentified as (
    select
        source,
        event_id
    from {{ ref('int_events_identified') }}
    where identifier_type is null and not is_arrival
),

judged as (
    select
        events.source,
        events.event_id,
        coalesce(
            events.quarantine_reason,
            case when unidentified.event_id is not null then 'no_identifier' end
        ) as quarantine_reason
    from events
    inner join newest on events.source = newest.source
    left join unidentified
        on events.source = unidentified.source and events.event_id = unidentified.event_id
    where events.loaded_at > newest.newest_loaded_at - interval '{{ hours }}' hour
),

unexpected as (
    select
        *,
        quarantine_reason is not null and not {{ is_meant_to_be_set_aside() }} as is_set_aside
    from judged
)

select
    source,
    avg(case when is_set_aside then 1.0 else 0.0 end) as set_aside_share,
    sum(case when is_set_aside then 1 else 0 end) as set_aside_count,
    min(case when is_set_aside then quarantine_reason end) as quarantine_reason,
    min(case when is_set_aside then event_id end) as example

from unexpected
group by source
having
    count(*) >= {{ least_events }}
    and sum(case when is_set_aside then 1 else 0 end) >= {{ at_least }} * count(*)

{% endtest %}
