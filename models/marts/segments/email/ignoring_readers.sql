-- Ignored the last five e-mails: pause, or say something else.
select profile_id

from {{ ref('profile_traits') }}

where consecutive_emails_ignored >= 5
