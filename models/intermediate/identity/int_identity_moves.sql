-- One row per identifier and build in which it went from one person to another.
{{ config(materialized='view') }}
with

history as (
    select * from {{ ref('int_identity_clusters_history') }}
)

select
    -- ids
    later.node_seq,
    later.revision,
    earlier.root_seq as from_root_seq,
    later.root_seq as to_root_seq,

    -- booleans
    later.suppression_reason is not null as is_suppressed,

    -- timestamps
    later.valid_from as moved_at

from history as earlier
inner join history as later
    on
        earlier.node_seq = later.node_seq
        and earlier.closing_revision = later.revision
where earlier.root_seq is not null
