-- Evaluating in earnest: pricing twice, then a case study, and back three days or more after it.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did_in_order(
        [('pricing_page_viewed', 2), 'case_study_downloaded', ('visit_started', 1, 3)],
        within_days=30
    ) }}
