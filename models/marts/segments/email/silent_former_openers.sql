-- Opened nearly everything, then nothing: four of five messages before, none of the last ten.
select profile_id

from {{ ref('profile_traits') }}

where
    emails_opened_of_last_10 = 0
    and emails_opened_of_previous_10 >= 3
    and emails_opened_of_previous_10 >= 0.8 * least(counted_emails - 10, 10)
