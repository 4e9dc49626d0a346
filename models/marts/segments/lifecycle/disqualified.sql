-- Nobody to sell to: looks for a job, works for a competitor, complained, or sales said so.
select profile_id

from {{ ref('profile_traits') }}

where
    (
        {{ did('careers_page_viewed') }}
        and page_viewed_count_ever = careers_page_viewed_count_ever
    )
    or is_competitor
    or {{ did('email_complained') }}
    or is_disqualified_in_crm
