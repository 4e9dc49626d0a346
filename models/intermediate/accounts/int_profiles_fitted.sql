-- One row per profile that has a company or an address: how well it fits, and whether what we know
-- about its company may be out of date.
with

profile_accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

points as (
    select
        profile_key,
        sum(points) as fit_score,
        count(*) as attribute_count
    from {{ ref('int_fit_points') }}
    group by profile_key
)

select
    profile_accounts.profile_key,
    coalesce(points.fit_score, 0) as fit_score,
    coalesce(points.attribute_count = 4, false) as has_complete_fit,
    coalesce(
        details.crm_verified_at
        < {{ as_of() }} - interval '{{ var("firmographics_valid_days", 180) }}' day,
        false
    )
    or coalesce(
        profile_accounts.business_domain <> profile_accounts.crm_company_domain
        and not {{ ends_with(
            'profile_accounts.business_domain', "'.' || profile_accounts.crm_company_domain"
        ) }},
        false
    ) as is_firmographics_stale

from profile_accounts
left join details on profile_accounts.profile_key = details.profile_key
left join points on profile_accounts.profile_key = points.profile_key
