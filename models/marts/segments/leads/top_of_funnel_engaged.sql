-- Took content, read on, and shows no sign of deciding yet.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did_in_order(['content_downloaded', 'page_viewed'], within_days=30) }}
    and not {{ did('decision_stage', within_days=30) }}
