-- One row per pair of identifiers that were seen together, each with each of one observation, or
-- declared to be one person's, with the evidence up to as_of. low_key is the one that names the
-- person before the other.
with

members as (
    select
        listed.observation_id,
        listed.source,
        listed.sample_observation,
        listed.observation_count,
        listed.first_seen_at,
        listed.last_seen_at,
        nodes.node_key,
        nodes.identifier_type,
        nodes.identifier_value,
        nodes.first_loaded_at,
        nodes.first_load_seen_at
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
        low.node_key as low_key,
        high.node_key as high_key,
        low.source,
        low.sample_observation,
        low.observation_count,
        low.first_seen_at,
        low.last_seen_at
    from members as low
    inner join members as high
        on
            low.observation_id = high.observation_id
            and {{ names_before('low', 'high') }}

    union all

    select
        low_key,
        high_key,
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
        low_key,
        high_key,
        count(distinct source) as source_count,
        min({{ dbt.concat(['source', "':'", 'sample_observation']) }}) as sample_observation,
        cast(sum(observation_count) as bigint) as observation_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from evidence
    group by low_key, high_key
)

select
    -- ids
    summarized.low_key,
    summarized.high_key,
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
left join links on summarized.low_key = links.low_key and summarized.high_key = links.high_key
