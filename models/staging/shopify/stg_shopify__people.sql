-- What Shopify says about customers, in the canonical shape of a statement about a person.
with

customers as (
    select * from {{ ref('stg_shopify__customers') }}
)

select
    -- ids
    customer_id as user_id,
    email,
    phone,
    {{ null_columns(['crm_contact_id']) }},

    -- strings
    first_name,
    last_name,
    {{ null_columns(['company_name', 'job_title', 'lifecycle_stage', 'company_id']) }},
    {{ null_columns(['lead_status', 'buying_roles', 'owner_id']) }},

    -- booleans
    is_email_opted_out,
    {{ null_columns(['has_ad_consent'], 'boolean') }},

    -- timestamps
    coalesce(updated_at, created_at, loaded_at) as stated_at,
    loaded_at,
    {{ null_columns(['customer_since_at', 'verified_at', 'ad_consent_stated_at'], 'timestamp') }}

from customers
