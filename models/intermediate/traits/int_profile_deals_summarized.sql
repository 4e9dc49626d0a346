-- One row per profile that has a part in a deal: the properties of the deal created last up to
-- as_of. The first select gives the columns their types when no enabled source knows deals.
with

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
    where identifier_type = 'crm_contact_id'
),

deals as (
    select
        {{ null_columns(['crm_contact_id', 'deal_id', 'crm_properties']) | indent }},
        {{ null_columns(['created_at'], 'timestamp') }}
    {{ no_rows() }}
    {% for source in sources_with('deals') %}
    union all
    select
        deal_contacts.contact_id as crm_contact_id,
        deals.deal_id,
        deals.crm_properties,
        deals.created_at
    from {{ ref('stg_' ~ source ~ '__deals') }} as deals
    inner join {{ ref('stg_' ~ source ~ '__deal_contacts') }} as deal_contacts
        on deals.deal_id = deal_contacts.deal_id
    where not deals.is_deleted and deals.created_at <= {{ as_of() }}
    {% endfor %}
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
