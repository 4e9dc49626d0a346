-- Researching, and a colleague is too.
select profile_traits.profile_id

from {{ ref('profile_traits') }} as profile_traits
inner join {{ ref('account_traits') }} as account_traits
    on profile_traits.account_id = account_traits.account_id

where
    not profile_traits.has_converted
    and {{ did('research', within_days=14) }}
    and account_traits.account_researching_people_count_14d >= 2
