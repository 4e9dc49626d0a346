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
        clusters.node_key,
        clusters.identifier_type,
        clusters.identifier_value,
        profiles.profile_id
    from clusters
    inner join {{ ref('int_profiles') }} as profiles
        on clusters.profile_key = profiles.profile_key
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
            when low_clusters.profile_key <> high_clusters.profile_key
                then coalesce(low_clusters.suppression_reason, high_clusters.suppression_reason)
        end as reason,
        low_clusters.profile_key <> high_clusters.profile_key as is_apart
    from edges
    inner join clusters as low_clusters on edges.low_key = low_clusters.node_key
    inner join clusters as high_clusters on edges.high_key = high_clusters.node_key
    left join screened as low_screened on edges.low_key = low_screened.node_key
    left join screened as high_screened on edges.high_key = high_screened.node_key
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
inner join identifiers as low on judged.low_key = low.node_key
inner join identifiers as high on judged.high_key = high.node_key
where judged.is_apart or judged.reason is not null
