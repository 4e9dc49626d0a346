-- One row per identifier with the profile it points at (docs/identity.md says how).
with

clusters as (
    select * from {{ ref('int_identity_clusters') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

identifiers as (
    select * from {{ ref('int_identifiers_summarized') }}
)

select
    -- ids
    nodes.identifier_type,
    nodes.identifier_value,
    {{ profile_id('roots.identifier_type', 'roots.identifier_value') }} as profile_id,

    -- strings
    clusters.suppression_reason,

    -- numbers
    identifiers.observation_count,

    -- booleans
    clusters.node_seq = clusters.root_seq as is_anchor,
    identifiers.is_crm,

    -- timestamps
    identifiers.first_seen_at,
    identifiers.last_seen_at

from clusters
inner join nodes on clusters.node_seq = nodes.node_seq
inner join nodes as roots on clusters.root_seq = roots.node_seq
inner join identifiers
    on
        nodes.identifier_type = identifiers.identifier_type
        and nodes.identifier_value = identifiers.identifier_value
