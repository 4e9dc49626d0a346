-- Warns about sources that var event_sources lists no more: their events are remembered and count
-- nowhere. List them again, or forget their events with --full-refresh of int_events.
-- A row is such a source, with how many events of it do not count.
{{ config(severity='warn') }}

select
    source,
    retired_count,
    last_loaded_at

from {{ ref('event_intake') }}
where retired_count > 0
