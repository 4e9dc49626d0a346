-- One row per profile: its account, how well it fits and how engaged it is, and how it stands among
-- the customers.
with

engaged as (
    select * from {{ ref('int_profiles_engaged') }}
),

accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

fits as (
    select * from {{ ref('int_profiles_fitted') }}
),

customers as (
    select * from {{ ref('int_customers_ranked') }}
)

select
    -- ids
    engaged.profile_id,
    accounts.account_id,

    -- strings
    {{ grade_of('coalesce(fits.fit_score, 0)', var('fit_grade_points'), 'ABCD') }}
    || {{ grade_of('engaged.engagement_score', var('engagement_grade_points'), '1234') }} as grade,

    -- numbers
    cast(coalesce(fits.fit_score, 0) as bigint) as fit_score,

    -- booleans
    coalesce(fits.has_complete_fit, false) as has_complete_fit,
    coalesce(fits.is_firmographics_stale, false) as is_firmographics_stale,
    coalesce(customers.is_top_decile_user, false) as is_top_decile_user

from engaged
left join accounts on engaged.profile_id = accounts.profile_id
left join fits on engaged.profile_id = fits.profile_id
left join customers on engaged.profile_id = customers.profile_id
