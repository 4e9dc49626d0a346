-- Nobody to sell to: looks for a job, works for a competitor, complained, or sales said so.
select profile_id

from {{ ref('profile_traits') }}

where
    (
        not is_customer
        and {{ did('careers_page_viewed', at_least=2, within_days=180) }}
        and {{ times('careers_page_viewed', within_days=180) }} * 5
        >= (
            {{ times('page_viewed', within_days=180) }}
            + {{ times('product_viewed', within_days=180) }}
        ) * 3
    )
    or is_competitor
    or {{ did('email_complained') }}
    or is_disqualified_in_crm
