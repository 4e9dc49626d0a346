-- Customers without an order, a renewal or any use for three months.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and last_customer_activity_at <= as_of - interval '90' day
