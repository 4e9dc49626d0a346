-- Ready for sales: looked at pricing three times, took a case study, opened the last three e-mails.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did(
        'pricing_page_viewed',
        at_least=var('sales_ready_pricing_views'), within_days=var('sales_ready_days')
    ) }}
    and {{ did('case_study_downloaded', within_days=var('sales_ready_days')) }}
    and {{ opened_in_a_row(3) }}
