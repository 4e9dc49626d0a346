-- Clicked twice in e-mails within a day.
select profile_id

from {{ ref('profile_traits') }}

where {{ did('email_clicked', at_least=2, within_days=1) }}
