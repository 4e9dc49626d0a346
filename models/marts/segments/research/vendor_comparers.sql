-- Comparing us with others: went on to a review of us, or viewed a comparison.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and (
        {{ did('review_site_clicked', within_days=30) }}
        or {{ did('comparison_page_viewed', within_days=30) }}
    )
