-- Known people who did nothing for three months.
select profile_id

from {{ ref('profile_traits') }}

where
    is_identified
    and {{ did_not('engagement', within_days=90) }}
