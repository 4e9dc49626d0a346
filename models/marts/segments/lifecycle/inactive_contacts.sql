-- Known people who did nothing for three months.
select profile_id

from {{ ref('profile_traits') }}

where
    is_identified
    and first_seen_at <= as_of - interval '90' day
    and not {{ did('engagement', within_days=90) }}
