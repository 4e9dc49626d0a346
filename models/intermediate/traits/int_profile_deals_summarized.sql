-- One row per profile that has a part in a deal: the properties of the deal created last.
with

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
    where identifier_type = 'crm_contact_id'
),

deals as (
    select * from {{ ref('int_deals_stated') }}
),

ranked as (
    select
        identifiers.profile_key,
        deals.crm_properties,
        row_number() over (
            partition by identifiers.profile_key order by deals.created_at desc, deals.deal_id
        ) as recency
    from deals
    inner join identifiers on deals.crm_contact_id = identifiers.identifier_value
)

select
    profile_key,
    crm_properties

from ranked
where recency = 1
