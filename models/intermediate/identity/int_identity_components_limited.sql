-- The edges of components that hold more identifiers of a type than a person may have, the stronger
-- end first, with all that decides which of them give way.
{{ config(materialized='limited_components') }}
with

components as (
    select * from {{ ref('int_identity_components') }}
),

nodes as (
    select
        *,
        -- User ids that are addresses are limited by themselves.
        case
            when identifier_type = 'user_id' and {{ is_email_address('identifier_value') }}
                then '*@*'
            else ''
        end as pattern
    from {{ ref('int_identity_nodes') }}
),

edges as (
    select * from {{ ref('int_identity_edges_screened') }}
),

limits as (
    select
        identifier_type,
        coalesce(pattern, '') as pattern,
        priority as tier,
        threshold as node_limit
    from {{ ref('identity_rules') }}
    where kind = 'limit'
),

owners as (
    select max(threshold) as owner_share from {{ ref('identity_rules') }}
    where kind = 'owner'
),

exceeded as (
    select components.root
    from components
    inner join nodes on components.node = nodes.node_key
    inner join limits
        on nodes.identifier_type = limits.identifier_type and nodes.pattern = limits.pattern
    group by components.root, limits.tier, limits.node_limit
    having count(*) > limits.node_limit
),

members as (
    select
        components.node,
        components.root as cluster,
        limits.tier,
        limits.node_limit,
        {{ dbt.concat(['nodes.identifier_type', "':'", 'nodes.identifier_value']) }} as tie_key
    from components
    inner join nodes on components.node = nodes.node_key
    inner join limits
        on nodes.identifier_type = limits.identifier_type and nodes.pattern = limits.pattern
    where components.root in (select exceeded.root from exceeded)
),

paired as (
    select
        edges.*,
        case when low.tier <= high.tier then low.node else high.node end as strong_node,
        case when low.tier <= high.tier then high.node else low.node end as weak_node
    from edges
    inner join members as low on edges.low_key = low.node
    inner join members as high on edges.high_key = high.node
)

select
    -- ids
    strong.cluster,
    paired.strong_node,
    paired.weak_node,
    strong.tie_key as strong_key,
    weak.tie_key as weak_key,

    -- numbers
    strong.tier as strong_tier,
    weak.tier as weak_tier,
    strong.node_limit as strong_limit,
    weak.node_limit as weak_limit,
    paired.observation_count,
    owners.owner_share,

    -- booleans
    paired.is_declared,

    -- timestamps
    paired.first_seen_at

from paired
inner join members as strong on paired.strong_node = strong.node
inner join members as weak on paired.weak_node = weak.node
cross join owners
