-- Took content and read on, or came back to the blog, and shows no sign of deciding yet.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and (
        {{ did_in_order(['content_downloaded', 'page_viewed'], within_days=30) }}
        or {{ did('blog_page_viewed', at_least=3, within_days=30, counting='visits') }}
    )
    and not {{ did('decision_stage', within_days=30) }}
