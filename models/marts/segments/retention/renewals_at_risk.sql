-- Customers whose contract ends within 60 days and whose whole account does little.
select profile_traits.profile_id

from {{ ref('profile_traits') }} as profile_traits
inner join {{ ref('account_traits') }} as account_traits
    on profile_traits.account_id = account_traits.account_id

where
    profile_traits.is_customer
    and account_traits.account_renewal_at > profile_traits.as_of
    and account_traits.account_renewal_at <= profile_traits.as_of + interval '60' day
    and account_traits.account_engagement_score < 10
