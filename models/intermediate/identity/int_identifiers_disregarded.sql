-- One row per identifier that says little about who did something, with the reason: a void one, or
-- one that links nobody. An event belongs to it only when it carries no better one.
with

listed as (
    select * from {{ ref('int_identifiers_listed') }}
    where is_void
),

clusters as (
    select * from {{ ref('int_identity_clusters') }}
    where suppression_reason is not null
)

select distinct
    identifier_type,
    identifier_value,
    'void' as reason,
    true as is_void
from listed

union all

select
    identifier_type,
    identifier_value,
    suppression_reason as reason,
    false as is_void
from clusters
