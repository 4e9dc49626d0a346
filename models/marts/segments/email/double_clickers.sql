-- Clicked in two different e-mails within a day, in the last seven days.
select profile_id

from {{ ref('profile_traits') }}

where last_double_click_at > as_of - interval '7' day
