-- Left from the demo request page this week, and has no request of their own open.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ bounced_from('demo_page_viewed', goal='demo_requested') }}
