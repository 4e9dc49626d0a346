-- Opened the last three e-mails.
select profile_id

from {{ ref('profile_traits') }}

where {{ opened_in_a_row(3) }}
