-- Two identifiers that were seen together, or are declared one person's, are in one profile unless
-- identity_suppressed_edges says why not.
-- A row is a pair of identifiers that should be in one profile.
with

identifiers as (
    select
        nodes.node_seq,
        identified.*
    from {{ ref('profile_identifiers') }} as identified
    inner join {{ ref('int_identity_nodes') }} as nodes
        on
            identified.identifier_type = nodes.identifier_type
            and identified.identifier_value = nodes.identifier_value
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
    left join identifiers as low on edges.low_seq = low.node_seq
    left join identifiers as high on edges.high_seq = high.node_seq
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
