-- Has part in a deal that is neither won nor lost.
select profile_id

from {{ ref('profile_traits') }}

where has_open_deal
