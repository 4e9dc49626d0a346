-- The edges whose connected components are wanted: who would be one person if nothing were limited.
{{ config(materialized='connected_components') }}

select
    low_key as node_a,
    high_key as node_b

from {{ ref('int_identity_edges_screened') }}
