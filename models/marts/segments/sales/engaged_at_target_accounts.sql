-- Engaged people at the accounts that sales wants most.
select profile_traits.profile_id

from {{ ref('profile_traits') }} as profile_traits
inner join {{ ref('account_traits') }} as account_traits
    on profile_traits.account_id = account_traits.account_id

where
    not profile_traits.has_converted
    and account_traits.is_target_account
    and profile_traits.engagement_score >= 20
