-- One row per observed identifier: the identifier that names its person, and why it links no
-- further, if it does not.
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
)

select
    -- ids
    nodes.node_seq,
    coalesce(limited.root, components.root, nodes.node_seq) as root_seq,

    -- strings
    coalesce(screened.reason, limited.reason) as suppression_reason

from identifiers
inner join nodes
    on
        identifiers.identifier_type = nodes.identifier_type
        and identifiers.identifier_value = nodes.identifier_value
left join components on nodes.node_seq = components.node
left join limited on nodes.node_seq = limited.node
left join screened on nodes.node_seq = screened.node_seq
