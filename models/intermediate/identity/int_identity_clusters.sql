-- One row per observed identifier: its person, named by the key of the identifier that comes first,
-- how often it was seen, and why it links no further, if it does not.
with

identifiers as (
    select * from {{ ref('int_identifiers_summarized') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

components as (
    select * from {{ ref('int_identity_components') }}
),

limited as (
    select * from {{ ref('int_identity_components_limited') }}
),

screened as (
    select * from {{ ref('int_identity_nodes_screened') }}
),

clustered as (
    select
        nodes.*,
        identifiers.observation_count,
        identifiers.is_crm,
        identifiers.first_seen_at,
        identifiers.last_seen_at,
        coalesce(limited.root, components.root, nodes.node_key) as cluster_key,
        coalesce(screened.reason, limited.reason) as suppression_reason,
        coalesce(limited.is_borrowed, false) as is_borrowed
    from identifiers
    inner join nodes
        on
            identifiers.identifier_type = nodes.identifier_type
            and identifiers.identifier_value = nodes.identifier_value
    left join components on nodes.node_key = components.node
    left join limited on nodes.node_key = limited.node
    left join screened on nodes.node_key = screened.node_key
)

select
    -- ids
    node_key,
    first_value(node_key) over (
        partition by cluster_key
        order by
            -- A recycled phone number must not hand over the name of whoever had it first.
            case when is_borrowed then 1 else 0 end,
            {{ naming_order() }}
    ) as profile_key,
    identifier_type,
    identifier_value,

    -- strings
    suppression_reason,

    -- numbers
    observation_count,

    -- booleans
    is_crm,

    -- timestamps
    first_seen_at,
    last_seen_at

from clustered
