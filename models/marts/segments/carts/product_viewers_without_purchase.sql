-- Looked at a product in two weeks and did not buy it.
select profile_id

from {{ ref('profile_traits') }}

where unbought_product_count_14d >= 1
