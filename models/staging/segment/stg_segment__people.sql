-- What identify calls say about people, in the canonical shape of a statement about a person.
with

identifies as (
    select * from {{ ref('stg_segment__identifies') }}
)

select
    -- ids
    cast(null as {{ dbt.type_string() }}) as crm_contact_id,
    user_id,
    email,
    phone,

    -- strings
    first_name,
    last_name,
    company_name,
    job_title,
    cast(null as {{ dbt.type_string() }}) as lifecycle_stage,
    cast(null as {{ dbt.type_string() }}) as company_id,
    cast(null as {{ dbt.type_string() }}) as lead_status,
    cast(null as {{ dbt.type_string() }}) as buying_roles,
    cast(null as {{ dbt.type_string() }}) as owner_id,

    -- booleans
    false as is_email_opted_out,
    has_ad_consent,

    -- timestamps
    cast(null as timestamp) as customer_since_at,
    cast(null as timestamp) as verified_at,
    case when has_ad_consent is not null then identified_at end as ad_consent_stated_at,
    identified_at as stated_at,
    loaded_at

from identifies
