-- What Salesforce says about people, in the canonical shape of a statement about a person: one row
-- per contact and lead. One that was merged or converted is an older name of the contact that it
-- became.
with

companies as (
    select * from {{ ref('stg_salesforce__companies') }}
),

contacts as (
    select
        *,
        case
            when merged_into_id is not null then 'older'
            when is_deleted then 'gone'
            else 'contact'
        end as named_by
    from {{ ref('stg_salesforce__contacts') }}
    -- A contact that is gone from the CRM says nothing more, but whoever said no still says no.
    where not is_deleted or merged_into_id is not null or is_email_opted_out
),

named as (
    select
        *,
        case when named_by <> 'gone' then coalesce(merged_into_id, contact_id) end as named_id
    from contacts

    union all

    -- The older id, which past exports may know, beside the same address or number.
    select
        *,
        contact_id as named_id
    from contacts
    where named_by = 'older' and coalesce(email, phone) is not null
)

select
    -- ids
    named.named_id as crm_contact_id,
    {{ null_columns(['user_id']) }},
    named.email,
    named.phone,

    -- strings
    case when named.named_by = 'contact' then named.first_name end as first_name,
    case when named.named_by = 'contact' then named.last_name end as last_name,
    case when named.named_by = 'contact' then named.company_name end as company_name,
    case when named.named_by = 'contact' then named.job_title end as job_title,
    case
        when named.named_by <> 'contact' then null
        when named.is_lead then 'lead'
        when companies.company_type like 'customer%' then 'customer'
        else companies.company_type
    end as lifecycle_stage,
    case when named.named_by = 'contact' then named.company_id end as company_id,
    case when named.named_by = 'contact' then named.lead_status end as lead_status,
    {{ null_columns(['buying_roles']) }},
    case when named.named_by = 'contact' then named.owner_id end as owner_id,
    case when named.named_by = 'contact' then named.crm_properties end as crm_properties,

    -- booleans
    named.is_email_opted_out,
    {{ null_columns(['has_ad_consent'], 'boolean') }},

    -- timestamps
    {{ null_columns(['customer_since_at'], 'timestamp') }},
    case when named.named_by = 'contact' then named.created_at end as verified_at,
    {{ null_columns(['ad_consent_stated_at'], 'timestamp') }},
    -- An older name is dated back, so that the latest word is the contact's own.
    case
        when named.named_by = 'older'
            then coalesce(named.created_at, named.modified_at, named.loaded_at)
        else coalesce(named.modified_at, named.created_at, named.loaded_at)
    end as stated_at,
    named.loaded_at

from named
left join companies on named.company_id = companies.company_id and not companies.is_deleted
