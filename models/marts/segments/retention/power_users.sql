-- The tenth of the customers that uses the product most.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and is_top_decile_user
    and {{ did('product_used', at_least=10, within_days=30) }}
