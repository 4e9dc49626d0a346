-- Looked at the demo request page this week, went on to other pages, and requested none.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ hesitated_at('demo_page_viewed', goal='demo_requested') }}
