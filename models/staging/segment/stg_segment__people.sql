-- What identify calls say about people, in the canonical shape of a statement about a person.
with

identifies as (
    select * from {{ ref('stg_segment__identifies') }}
)

select
    -- ids
    user_id,
    email,
    phone,
    {{ null_columns(['crm_contact_id']) }},

    -- strings
    first_name,
    last_name,
    company_name,
    job_title,
    {{ null_columns(['lifecycle_stage', 'company_id', 'lead_status']) }},
    {{ null_columns(['buying_roles', 'owner_id']) }},

    -- booleans
    false as is_email_opted_out,
    has_ad_consent,

    -- timestamps
    case when has_ad_consent is not null then identified_at end as ad_consent_stated_at,
    identified_at as stated_at,
    loaded_at,
    {{ null_columns(['customer_since_at', 'verified_at'], 'timestamp') }}

from identifies
