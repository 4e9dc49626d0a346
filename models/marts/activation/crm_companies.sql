-- One row per company of the CRM: what its people did, for fields of the company.
with

accounts as (
    select * from {{ ref('accounts') }}
    where crm_company_id is not null
),

traits as (
    select * from {{ ref('account_traits') }}
)

select
    -- ids
    accounts.crm_company_id,
    accounts.account_id,

    -- numbers
    cast(traits.account_people_count as integer) as people_count,
    cast(traits.account_researching_people_count_14d as integer) as researching_people_14d,
    cast(traits.{{ account_times('decision_stage', within_days=14) }} as integer)
        as decision_behaviors_14d,
    cast({{ round_to('traits.account_engagement_score') }} as integer) as engagement_score,
    cast(traits.account_fit_score as integer) as fit_score,
    cast(traits.account_open_deal_count as integer) as open_deal_count,

    -- booleans
    traits.account_is_customer as is_customer,

    -- timestamps
    traits.account_as_of as as_of

from accounts
inner join traits on accounts.account_id = traits.account_id
