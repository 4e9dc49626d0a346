-- One row per account: what its people did and what the CRM says, as of as_of. Columns begin with
-- account, so that a rule can name them beside a person's own.
with

accounts as (
    select * from {{ ref('accounts') }}
),

people as (
    select * from {{ ref('profile_traits') }}
    where account_id is not null
),

identifiers as (
    select * from {{ ref('profile_identifiers') }}
),

deals as (
    select * from {{ ref('int_deals_stated') }}
    where is_open
),

companies as (
    select * from {{ ref('int_companies_stated') }}
),

summarized as (
    select
        account_id,
        count(*) as people_count,
        count(case when {{ times('research', within_days=14) }} > 0 then 1 end)
            as researching_people_count_14d,
        {%- for trait in counted_account_traits() %}
        sum({{ trait }}) as {{ trait }},
        {%- endfor %}
        sum(engagement_score) as engagement_score,
        max(fit_score) as fit_score,
        {{ dbt.bool_or('is_customer') }} as is_customer
    from people
    group by account_id
),

open_deals as (
    select
        people.account_id,
        count(distinct deals.deal_id) as open_deal_count
    from deals
    inner join identifiers
        on
            identifiers.identifier_type = 'crm_contact_id'
            and deals.crm_contact_id = identifiers.identifier_value
    inner join people on identifiers.profile_id = people.profile_id
    group by people.account_id
)

select
    -- ids
    accounts.account_id,

    -- strings
    {%- for name in crm_properties('company') %}
    {{ json_text('companies.crm_properties', name) }} as account_crm_{{ name }},
    {%- endfor %}

    -- numbers
    coalesce(summarized.people_count, 0) as account_people_count,
    coalesce(summarized.researching_people_count_14d, 0)
        as account_researching_people_count_14d,
    {%- for trait in counted_account_traits() %}
    cast(coalesce(summarized.{{ trait }}, 0) as bigint)
        as account_{{ trait }},
    {%- endfor %}
    {{ round_to('coalesce(summarized.engagement_score, 0)', 4) }} as account_engagement_score,
    cast(coalesce(summarized.fit_score, 0) as bigint) as account_fit_score,
    coalesce(open_deals.open_deal_count, 0) as account_open_deal_count,

    -- booleans
    coalesce(summarized.is_customer, false) as account_is_customer,
    accounts.is_target_account,

    -- timestamps
    {{ as_of() }} as account_as_of,
    accounts.renewal_at as account_renewal_at

from accounts
left join summarized on accounts.account_id = summarized.account_id
left join open_deals on accounts.account_id = open_deals.account_id
left join companies on accounts.account_id = 'company:' || companies.company_id
