-- Opened nearly everything, then nothing: eight of ten messages before, none of the last ten.
select profile_id

from {{ ref('profile_traits') }}

where
    counted_emails >= 20
    and emails_opened_of_last_10 = 0
    and emails_opened_of_previous_10 >= 8
