-- Buys when the price is right: half of the orders reduced, or three looks at sale pages.
select profile_id

from {{ ref('profile_traits') }}

where
    (
        (order_count > 0 and discounted_order_count * 2 >= order_count)
        or {{ did('sale_page_viewed', at_least=3, within_days=30) }}
    )
