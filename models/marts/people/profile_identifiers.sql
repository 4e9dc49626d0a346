-- One row per identifier with the profile it points at (docs/identity.md says how).
with

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

profiles as (
    select * from {{ ref('int_profiles') }}
),

closed as (
    select * from {{ ref('int_addresses_closed') }}
)

select
    -- ids
    identifiers.identifier_type,
    identifiers.identifier_value,
    profiles.profile_id,

    -- strings
    identifiers.suppression_reason,
    closed.closed_because,

    -- numbers
    identifiers.observation_count,

    -- booleans
    identifiers.node_key = identifiers.profile_key as is_anchor,
    identifiers.is_crm,

    -- timestamps
    identifiers.first_seen_at,
    identifiers.last_seen_at,
    closed.closed_at

from identifiers
inner join profiles on identifiers.profile_key = profiles.profile_key
left join closed
    on identifiers.identifier_type = 'email' and identifiers.identifier_value = closed.email
