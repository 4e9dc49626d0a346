-- One row per pair of identifiers that were seen together, each with each of one observation, or
-- declared to be one person's, with the evidence up to as_of. low_seq is the earlier known one.
with

members as (
    select
        listed.*,
        nodes.node_seq
    from {{ ref('int_identifiers_listed') }} as listed
    inner join {{ ref('int_identity_nodes') }} as nodes
        on
            listed.identifier_type = nodes.identifier_type
            and listed.identifier_value = nodes.identifier_value
    where not listed.is_void
),

links as (
    select * from {{ ref('int_identity_links_matched') }}
),

evidence as (
    select
        low.node_seq as low_seq,
        high.node_seq as high_seq,
        low.source,
        low.sample_observation,
        low.observation_count,
        low.first_seen_at,
        low.last_seen_at
    from members as low
    inner join members as high
        on low.observation_id = high.observation_id and low.node_seq < high.node_seq

    union all

    select
        low_seq,
        high_seq,
        source,
        observation as sample_observation,
        1 as observation_count,
        declared_at as first_seen_at,
        declared_at as last_seen_at
    from links
    where action <> 'separate'
),

summarized as (
    select
        low_seq,
        high_seq,
        count(distinct source) as source_count,
        min({{ dbt.concat(['source', "':'", 'sample_observation']) }}) as sample_observation,
        cast(sum(observation_count) as bigint) as observation_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from evidence
    group by low_seq, high_seq
)

select
    -- ids
    summarized.low_seq,
    summarized.high_seq,
    summarized.sample_observation,

    -- numbers
    summarized.source_count,
    summarized.observation_count,

    -- booleans
    coalesce(links.action = 'link', false) as is_declared,

    -- timestamps
    summarized.first_seen_at,
    summarized.last_seen_at,
    case when links.action = 'separate' then links.declared_at end as revoked_at

from summarized
left join links on summarized.low_seq = links.low_seq and summarized.high_seq = links.high_seq
