-- Warns when more than ten segments are marked core: what everybody begins with must stay short.
-- A row is a segment that is marked core.
{{ config(severity='warn') }}

with

core_segments as (
    select
        segment,
        count(*) over () as core_count
    from {{ ref('segment_catalog') }}
    where is_core
)

select *

from core_segments
where core_count > 10
