-- Was a customer and is none any more.
select profile_id

from {{ ref('profile_traits') }}

where is_former_customer
