-- One row per account: a company of the CRM, or a business e-mail domain that no company owns.
with

companies as (
    select * from {{ ref('int_companies_stated') }}
),

profile_accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

domains as (
    select distinct
        account_id,
        business_domain
    from profile_accounts
    where account_id like 'domain:%'
)

select
    -- ids
    'company:' || company_id as account_id,
    company_id as crm_company_id,

    -- strings
    company_name as account_name,
    domain,
    industry,
    country,

    -- numbers
    employee_count,

    -- booleans
    is_target_account,

    -- timestamps
    renewal_at

from companies

union all

select
    account_id,
    null as crm_company_id,
    business_domain as account_name,
    business_domain as domain,
    null as industry,
    null as country,
    null as employee_count,
    false as is_target_account,
    null as renewal_at

from domains
