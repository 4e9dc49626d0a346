-- What was quarantined in the last seven days, by reason, with one example each to look up.
select
    source,
    quarantine_reason,
    count(*) as row_count,
    min(event_id) as example_event_id,
    max(loaded_at) as last_loaded_at

from {{ ref('events_quarantined') }}
where {{ within_days('loaded_at', 7) }}
group by source, quarantine_reason
order by row_count desc
