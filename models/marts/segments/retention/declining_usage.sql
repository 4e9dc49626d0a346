-- Customers who use the product much less than two weeks before.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and {{ declining('product_used', by_percent=40, over_days=14) }}
