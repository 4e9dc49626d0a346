-- Members of the loyalty programme.
select profile_id

from {{ ref('profile_traits') }}

where is_loyalty_member
