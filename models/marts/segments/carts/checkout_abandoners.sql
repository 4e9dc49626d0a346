-- Left at the checkout between an hour and a week ago.
select profile_id

from {{ ref('profile_traits') }}

where {{ abandoned('checkout') }}
