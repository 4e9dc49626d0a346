-- Evaluating in earnest: pricing twice, a case study, and back three days or more after taking it.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did('pricing_page_viewed', at_least=2, within_days=30) }}
    and last_visit_started_at >= first_case_study_downloaded_at + interval '3' day
