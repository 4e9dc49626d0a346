-- One row per raw file: how many rows it has, and how many of them are read and set aside.

select
    source,
    table_name,
    file,
    row_count,
    row_count - rejected_count as kept_count,
    rejected_count as set_aside_count,
    modified_at

from {{ intake_table('files') }}
where {{ is_enabled_source('source') }}
