-- Opens less than 15 % of the last 20 e-mails, of ten at least.
select profile_id

from {{ ref('profile_traits') }}

where
    is_email_reachable
    and counted_emails >= 10
    and email_open_rate < 0.15
