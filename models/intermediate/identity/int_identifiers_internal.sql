-- One row per identifier of the team itself, its office and its tests: an address, the domain of an
-- address, or a user id that seeds/internal_traffic.csv names.
with

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

internal_traffic as (
    select
        kind,
        case kind
            when 'user_id' then {{ clean_user_id(clean_id('value')) }}
            else {{ lower_text(clean_text('value')) }}
        end as value
    from {{ ref('internal_traffic') }}
)

select distinct identifiers.node_key

from identifiers
inner join internal_traffic
    on
        internal_traffic.value = case internal_traffic.kind
            when 'domain' then {{ part_of('identifiers.identifier_value', "'@'", 2) }}
            else identifiers.identifier_value
        end
        and case internal_traffic.kind
            when 'user_id' then 'user_id'
            else 'email'
        end = identifiers.identifier_type
