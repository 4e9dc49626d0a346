-- Two identifiers that were seen together, or are declared one person's, are in one profile unless
-- identity_suppressed_edges says why not.
-- A row is a pair of identifiers that should be in one profile.
with

identifiers as (
    select
        clusters.node_key,
        clusters.identifier_type,
        clusters.identifier_value,
        profiles.profile_id
    from {{ ref('int_identity_clusters') }} as clusters
    inner join {{ ref('int_profiles') }} as profiles
        on clusters.profile_key = profiles.profile_key
),

pairs as (
    select
        low.identifier_type as identifier_type_a,
        low.identifier_value as identifier_value_a,
        low.profile_id as profile_id_a,
        high.identifier_type as identifier_type_b,
        high.identifier_value as identifier_value_b,
        high.profile_id as profile_id_b
    from {{ ref('int_identity_edges') }} as edges
    left join identifiers as low on edges.low_key = low.node_key
    left join identifiers as high on edges.high_key = high.node_key
)

select pairs.*

from pairs
left join {{ ref('identity_suppressed_edges') }} as suppressed
    on
        pairs.identifier_type_a = suppressed.identifier_type_a
        and pairs.identifier_value_a = suppressed.identifier_value_a
        and pairs.identifier_type_b = suppressed.identifier_type_b
        and pairs.identifier_value_b = suppressed.identifier_value_b
where
    suppressed.reason is null
    -- An identifier without a profile would be lost as well.
    and coalesce(pairs.profile_id_a, 'none of a') <> coalesce(pairs.profile_id_b, 'none of b')
