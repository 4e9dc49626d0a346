-- One row per edge that may link two identifiers: not revoked, and neither end links nobody.
{{ config(materialized='view') }}
with

edges as (
    select * from {{ ref('int_identity_edges') }}
),

screened as (
    select * from {{ ref('int_identity_nodes_screened') }}
)

select edges.*

from edges
left join screened as low on edges.low_key = low.node_key
left join screened as high on edges.high_key = high.node_key
where
    edges.revoked_at is null
    and low.node_key is null
    and high.node_key is null
