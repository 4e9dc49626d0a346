-- Clicked before, and no more: in none of the last ten e-mails, or not for 90 days.
select profile_id

from {{ ref('profile_traits') }}

where
    is_email_reachable
    and counted_emails > consecutive_emails_not_clicked
    and (
        consecutive_emails_not_clicked >= 10
        or (
            consecutive_emails_not_clicked >= 1
            and last_email_clicked_at <= as_of - interval '90' day
        )
    )
