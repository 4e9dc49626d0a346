-- Customers, and people on trial, who use the product much less than two weeks or a month before.
select profile_id

from {{ ref('profile_traits') }}

where
    (is_customer or is_on_trial)
    and (
        {{ declining('product_used', by_percent=40, over_days=14) }}
        or {{ declining('product_used', by_percent=40, over_days=30) }}
    )
