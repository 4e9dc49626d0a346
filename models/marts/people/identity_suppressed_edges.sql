-- One row per pair of identifiers that were seen together and yet link nobody, with the reason.
with

edges as (
    select * from {{ ref('int_identity_edges') }}
),

clusters as (
    select * from {{ ref('int_identity_clusters') }}
),

screened as (
    select * from {{ ref('int_identity_nodes_screened') }}
),

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

judged as (
    select
        edges.*,
        case when edges.revoked_at is null then coalesce(low_screened.rule, high_screened.rule) end
            as rule,
        case
            when edges.revoked_at is not null then 'separated'
            when low_screened.reason is not null then low_screened.reason
            when high_screened.reason is not null then high_screened.reason
            when low_clusters.root_seq <> high_clusters.root_seq
                then coalesce(low_clusters.suppression_reason, high_clusters.suppression_reason)
        end as reason,
        low_clusters.root_seq <> high_clusters.root_seq as is_apart
    from edges
    inner join clusters as low_clusters on edges.low_seq = low_clusters.node_seq
    inner join clusters as high_clusters on edges.high_seq = high_clusters.node_seq
    left join screened as low_screened on edges.low_seq = low_screened.node_seq
    left join screened as high_screened on edges.high_seq = high_screened.node_seq
)

select
    -- ids
    low.identifier_type as identifier_type_a,
    low.identifier_value as identifier_value_a,
    low.profile_id as profile_id_a,
    high.identifier_type as identifier_type_b,
    high.identifier_value as identifier_value_b,
    high.profile_id as profile_id_b,

    -- strings
    judged.reason,
    judged.rule,
    judged.sample_observation,

    -- numbers
    judged.observation_count,

    -- timestamps
    judged.first_seen_at,
    judged.last_seen_at

from judged
inner join identifiers as low on judged.low_seq = low.node_seq
inner join identifiers as high on judged.high_seq = high.node_seq
where judged.is_apart or judged.reason is not null
