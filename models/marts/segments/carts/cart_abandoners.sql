-- Left something in the cart between an hour and a week ago, and it is still there.
select profile_id

from {{ ref('profile_traits') }}

where {{ abandoned('cart') }}
