-- One row per identifier and build in which it went from one person to another.
{{ config(materialized='view') }}
with

history as (
    select * from {{ ref('int_identity_clusters_history') }}
)

select
    -- ids
    later.node_key,
    later.revision,
    earlier.profile_key as from_profile_key,
    later.profile_key as to_profile_key,

    -- booleans
    later.suppression_reason is not null as is_suppressed,

    -- timestamps
    later.valid_from as moved_at

from history as earlier
inner join history as later
    on
        earlier.node_key = later.node_key
        and earlier.closing_revision = later.revision
where earlier.profile_key is not null
