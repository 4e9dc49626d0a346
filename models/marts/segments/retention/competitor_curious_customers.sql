-- Customers who look at reviews of us or compare us with others.
select profile_id

from {{ ref('profile_traits') }}

where
    is_customer
    and (
        {{ did('review_site_clicked', within_days=30) }}
        or {{ did('comparison_page_viewed', within_days=30) }}
    )
