-- One row per profile that has a company or an address: the account it belongs to, by the CRM's
-- company, else by the domain of the business address seen last.
with

identifiers as (
    select * from {{ ref('profile_identifiers') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

companies as (
    select * from {{ ref('int_companies_stated') }}
),

free_mail_domains as (
    select * from {{ ref('free_mail_domains') }}
),

competitor_domains as (
    select * from {{ ref('competitor_domains') }}
),

addresses as (
    select
        profile_id,
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as domain,
        identifier_value as email,
        last_seen_at
    from identifiers
    where identifier_type = 'email'
),

business_addresses as (
    select
        addresses.profile_id,
        addresses.domain,
        row_number() over (
            partition by addresses.profile_id
            order by addresses.last_seen_at desc, addresses.email
        ) as recency
    from addresses
    left join free_mail_domains on addresses.domain = free_mail_domains.domain
    where addresses.domain <> '' and free_mail_domains.domain is null
),

competitors as (
    select distinct addresses.profile_id
    from addresses
    inner join competitor_domains
        on
            addresses.domain = competitor_domains.domain
            or addresses.domain like '%.' || competitor_domains.domain
),

domain_owners as (
    select
        domain,
        min(company_id) as company_id
    from companies
    where domain is not null
    group by domain
),

profiles as (
    select profile_id from details

    union

    select profile_id from addresses
)

select
    -- ids
    profiles.profile_id,
    case
        when companies.company_id is not null then 'company:' || companies.company_id
        when domain_owners.company_id is not null then 'company:' || domain_owners.company_id
        else 'domain:' || business_addresses.domain
    end as account_id,

    -- strings
    business_addresses.domain as business_domain,
    companies.domain as crm_company_domain,

    -- booleans
    competitors.profile_id is not null as is_competitor

from profiles
left join details on profiles.profile_id = details.profile_id
left join companies on details.crm_company_id = companies.company_id
left join business_addresses
    on profiles.profile_id = business_addresses.profile_id and business_addresses.recency = 1
left join domain_owners on business_addresses.domain = domain_owners.domain
left join competitors on profiles.profile_id = competitors.profile_id
