-- What HubSpot says about people, in the canonical shape of a statement about a person.
with

contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
)

select
    -- ids
    contact_id as crm_contact_id,
    cast(null as {{ dbt.type_string() }}) as user_id,
    email,
    phone,

    -- strings
    first_name,
    last_name,
    company_name,
    job_title,
    lifecycle_stage,

    -- booleans
    is_email_opted_out,

    -- timestamps
    coalesce(modified_at, created_at, loaded_at) as stated_at

from contacts
