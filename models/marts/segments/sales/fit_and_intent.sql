-- Fits in every respect and is about to decide.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and has_complete_fit
    and {{ did('decision_stage', within_days=14) }}
