-- What HubSpot says about people, in the canonical shape of a statement about a person.
with

contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
    -- A contact that is gone from the CRM says nothing more, but whoever opted out stays opted out.
    where not is_deleted or is_email_opted_out
)

select
    -- ids
    case when not is_deleted then contact_id end as crm_contact_id,
    cast(null as {{ dbt.type_string() }}) as user_id,
    email,
    phone,

    -- strings
    first_name,
    last_name,
    company_name,
    job_title,
    case when not is_deleted then lifecycle_stage end as lifecycle_stage,

    -- booleans
    is_email_opted_out,

    -- timestamps
    coalesce(modified_at, created_at, loaded_at) as stated_at

from contacts
