-- One row per profile about which a source said something: for each detail the latest value, where
-- the CRM outranks what people typed in themselves.
with

people as (
    select * from {{ ref('int_people_identified') }}
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

ranked as (
    select
        people.*,
        identifiers.profile_key,
        row_number() over (
            partition by identifiers.profile_key
            order by
                case when people.crm_contact_id is null then 1 else 0 end,
                people.stated_at desc nulls last,
                {{ sorted_by([
                    'people.crm_contact_id', 'people.email',
                    'people.first_name', 'people.last_name',
                ]) }}
        ) as statement_rank
    from people
    inner join identifiers on people.node_key = identifiers.node_key
)

select
    -- ids
    profile_key,

    -- strings
    {{ first_known('first_name', 'statement_rank') }} as first_name,
    {{ first_known('last_name', 'statement_rank') }} as last_name,
    {{ first_known('company_name', 'statement_rank') }} as company_name,
    {{ first_known('job_title', 'statement_rank') }} as job_title,
    {{ first_known('lifecycle_stage', 'statement_rank') }} as crm_lifecycle_stage,
    {{ first_known('company_id', 'statement_rank') }} as crm_company_id,
    {{ first_known('lead_status', 'statement_rank') }} as crm_lead_status,
    {{ first_known('buying_roles', 'statement_rank') }} as crm_buying_roles,
    {{ first_known('owner_id', 'statement_rank') }} as crm_owner_id,
    {{ first_known('crm_properties', 'statement_rank') }} as crm_properties,

    -- timestamps
    {{ first_known('customer_since_at', 'statement_rank') }} as crm_customer_since_at,
    {{ first_known('verified_at', 'statement_rank') }} as crm_verified_at

from ranked
group by profile_key
