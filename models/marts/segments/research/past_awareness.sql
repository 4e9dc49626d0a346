-- Knows what the product does: watched a demo of it for a minute, in half a year.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and longest_product_demo_seconds_180d >= 60
