-- Spent three minutes or more on product pages this week.
select profile_id

from {{ ref('profile_traits') }}

where product_page_seconds_7d >= 180
