-- Tries the product out.
select profile_id

from {{ ref('profile_traits') }}

where is_on_trial
