-- Ready for sales: looked at pricing three times, took a case study, opened the last three e-mails.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did('pricing_page_viewed', at_least=3, within_days=30) }}
    and {{ did('case_study_downloaded', within_days=30) }}
    and consecutive_emails_opened >= 3
