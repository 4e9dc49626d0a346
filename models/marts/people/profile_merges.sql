-- One row per build and profile that ended in it or was split off in it, with the evidence. Rows
-- are only ever added: what an id once stood for must stay readable.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        unique_key=['revision', 'loser_profile_id', 'winner_profile_id'],
        full_refresh=false,
        on_schema_change='fail',
    )
}}

with

evidenced as (
    select * from {{ ref('int_profile_merges_evidenced') }}
    {% if is_incremental() %}
    where revision > (select coalesce(max(revision), 0) from {{ this }})
    {% endif %}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

rules as (
    select * from {{ ref('int_identity_rules_versioned') }}
)

select
    -- ids
    {{ profile_id('losers.identifier_type', 'losers.identifier_value') }} as loser_profile_id,
    case
        when winners.node_key is not null
            then {{ profile_id('winners.identifier_type', 'winners.identifier_value') }}
    end as winner_profile_id,
    evidenced.revision,
    rules.rules_version,

    -- strings
    evidenced.change,
    evidenced.reason,
    low.identifier_type as evidence_type_a,
    low.identifier_value as evidence_value_a,
    high.identifier_type as evidence_type_b,
    high.identifier_value as evidence_value_b,
    evidenced.sample_observation as evidence_observation,

    -- timestamps
    evidenced.evidence_seen_at,
    evidenced.moved_at as changed_at

from evidenced
cross join rules
inner join nodes as losers on evidenced.loser_profile_key = losers.node_key
left join nodes as winners on evidenced.winner_profile_key = winners.node_key
left join nodes as low on evidenced.low_key = low.node_key
left join nodes as high on evidenced.high_key = high.node_key
