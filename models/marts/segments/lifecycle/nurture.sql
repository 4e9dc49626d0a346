-- Was engaged, quiet for one to two months, still reachable: mail less often.
select profile_id

from {{ ref('profile_traits') }}

where
    is_email_reachable
    and {{ quiet_for(30, 60) }}
