-- Subscribers who used to open e-mails and ignored the last five.
select profile_id

from {{ ref('profile_traits') }}

where
    is_email_reachable
    and consecutive_emails_ignored >= 5
    and counted_emails > consecutive_emails_ignored
