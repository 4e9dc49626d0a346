-- Thinking about how to put the product to work: took an integration guide this month.
select profile_id

from {{ ref('profile_traits') }}

where
    not is_customer
    and {{ did('integration_guide_downloaded', within_days=30) }}
