-- One row per profile that has a company or an address: the account it belongs to, by the CRM's
-- company, else by the domain of the business address seen last.
with

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
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
        profile_key,
        {{ part_of('identifier_value', "'@'", 2) }} as domain,
        identifier_value as email,
        last_seen_at
    from identifiers
    where identifier_type = 'email'
),

business_addresses as (
    select
        addresses.profile_key,
        addresses.domain,
        row_number() over (
            partition by addresses.profile_key
            order by addresses.last_seen_at desc nulls last, addresses.email
        ) as recency
    from addresses
    left join free_mail_domains on addresses.domain = free_mail_domains.domain
    where addresses.domain <> '' and free_mail_domains.domain is null
),

competitors as (
    select distinct addresses.profile_key
    from addresses
    inner join competitor_domains
        on
            addresses.domain = competitor_domains.domain
            or {{ ends_with('addresses.domain', "'.' || competitor_domains.domain") }}
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
    select profile_key from details

    {{ union_distinct() }}

    select profile_key from addresses
)

select
    -- ids
    profiles.profile_key,
    coalesce(
        'company:' || coalesce(companies.company_id, domain_owners.company_id),
        'domain:' || business_addresses.domain
    ) as account_id,
    coalesce(companies.company_id, domain_owners.company_id) as company_id,

    -- strings
    business_addresses.domain as business_domain,
    companies.domain as crm_company_domain,

    -- booleans
    competitors.profile_key is not null as is_competitor

from profiles
left join details on profiles.profile_key = details.profile_key
left join companies on details.crm_company_id = companies.company_id
left join business_addresses
    on profiles.profile_key = business_addresses.profile_key and business_addresses.recency = 1
left join domain_owners on business_addresses.domain = domain_owners.domain
left join competitors on profiles.profile_key = competitors.profile_key
