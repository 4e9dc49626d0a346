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
),

clustered as (
    select
        nodes.node_seq,
        coalesce(limited.root, components.root, nodes.node_seq) as cluster_seq,
        coalesce(screened.reason, limited.reason) as suppression_reason,
        coalesce(limited.is_borrowed, false) as is_borrowed
    from identifiers
    inner join nodes
        on
            identifiers.identifier_type = nodes.identifier_type
            and identifiers.identifier_value = nodes.identifier_value
    left join components on nodes.node_seq = components.node
    left join limited on nodes.node_seq = limited.node
    left join screened on nodes.node_seq = screened.node_seq
)

select
    -- ids
    node_seq,
    -- A recycled phone number must not hand over the name of whoever had it first.
    coalesce(
        min(case when not is_borrowed then node_seq end) over (partition by cluster_seq),
        cluster_seq
    ) as root_seq,

    -- strings
    suppression_reason

from clustered
