-- Took a case study in three months.
select profile_id

from {{ ref('profile_traits') }}

where {{ did('case_study_downloaded', within_days=90) }}
