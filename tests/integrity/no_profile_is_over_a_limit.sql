-- No profile has more identifiers of a type than a person may have. Identifiers that are declared
-- one count as one and may go beyond any limit, so profiles that hold a declared edge are left out.
-- A row is a profile with too many identifiers of a type.
with

counted as (
    select
        clusters.root_seq,
        nodes.identifier_type,
        count(*) as identifier_count
    from {{ ref('int_identity_clusters') }} as clusters
    inner join {{ ref('int_identity_nodes') }} as nodes on clusters.node_seq = nodes.node_seq
    group by clusters.root_seq, nodes.identifier_type
),

declared as (
    select distinct clusters.root_seq
    from {{ ref('int_identity_edges_screened') }} as edges
    inner join {{ ref('int_identity_clusters') }} as clusters on edges.low_seq = clusters.node_seq
    where edges.is_declared
)

select counted.*

from counted
inner join {{ ref('identity_rules') }} as limits
    on
        limits.kind = 'limit'
        and counted.identifier_type = limits.identifier_type
        and counted.identifier_count > limits.threshold
left join declared on counted.root_seq = declared.root_seq
where declared.root_seq is null
