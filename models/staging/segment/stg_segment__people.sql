-- What identify calls, group calls and the users table say about people, in the canonical shape of
-- a statement about a person.
with

identifies as (
    select * from {{ ref('stg_segment__identifies') }}
),

groups as (
    select * from {{ ref('stg_segment__groups') }}
),

users as (
    select * from {{ ref('stg_segment__users') }}
),

stated as (
    select
        user_id,
        email,
        phone,
        first_name,
        last_name,
        company_name,
        job_title,
        has_ad_consent,
        identified_at as stated_at,
        loaded_at
    from identifies

    union all

    select
        user_id,
        {{ null_columns(['email', 'phone', 'first_name', 'last_name']) | indent }},
        company_name,
        {{ null_columns(['job_title']) }},
        {{ null_columns(['has_ad_consent'], 'boolean') }},
        grouped_at as stated_at,
        loaded_at
    from groups

    union all

    select
        user_id,
        email,
        phone,
        first_name,
        last_name,
        company_name,
        job_title,
        has_ad_consent,
        loaded_at as stated_at,
        loaded_at
    from users
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
    case when has_ad_consent is not null then stated_at end as ad_consent_stated_at,
    stated_at,
    loaded_at,
    {{ null_columns(['customer_since_at', 'verified_at'], 'timestamp') }}

from stated
