-- Began a form between an hour and a week ago and never sent it.
select profile_id

from {{ ref('profile_traits') }}

where {{ abandoned('form') }}
