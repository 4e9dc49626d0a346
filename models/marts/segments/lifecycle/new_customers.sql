-- Became customers this month.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and {{ within_days('became_customer_at', 30) }}
