-- Opened the last three e-mails.
select profile_id

from {{ ref('profile_traits') }}

where consecutive_emails_opened >= 3
