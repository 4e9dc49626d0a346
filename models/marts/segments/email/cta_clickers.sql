-- Clicked a call to action in an e-mail in the last two weeks.
select profile_id

from {{ ref('profile_traits') }}

where {{ did('email_cta_clicked', within_days=14) }}
