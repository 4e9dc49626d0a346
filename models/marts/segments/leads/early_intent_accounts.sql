-- People of accounts that began to research two weeks ago and that nobody sells to yet.
select profile_traits.profile_id

from {{ ref('profile_traits') }} as profile_traits
inner join {{ ref('account_traits') }} as account_traits
    on profile_traits.account_id = account_traits.account_id

where
    not profile_traits.has_converted
    and {{ account_did('research', at_least=3, within_days=14) }}
    and {{ account_times('research', within_days='previous_14') }} = 0
    and account_traits.account_open_deal_count = 0
