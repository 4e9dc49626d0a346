-- Asked for a demo and has no answer yet.
select profile_id

from {{ ref('profile_traits') }}

where has_open_demo_request
