-- Became customers this month.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and became_customer_at > as_of - interval '30' day
    and became_customer_at <= as_of
