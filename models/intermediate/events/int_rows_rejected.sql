-- One row per row of a raw file that cannot be read, of the sources that var event_sources lists.
-- What is not a row is no event yet: contacts and order lines are among them.
{{ config(materialized='view') }}

select
    source,
    table_name,
    file,
    line_number,
    reason as quarantine_reason,
    row_text

from {{ intake_table('rejected_rows') }}
where {{ is_enabled_source('source') }}
