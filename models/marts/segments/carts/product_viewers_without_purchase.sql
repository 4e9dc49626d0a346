-- Looked at products three times or more in two weeks and ordered nothing.
select profile_id

from {{ ref('profile_traits') }}

where
    {{ did('product_viewed', at_least=3, within_days=14) }}
    and not {{ did('order_completed', within_days=14) }}
