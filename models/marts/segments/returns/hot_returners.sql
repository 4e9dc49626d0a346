-- Back within a day of the last visit.
select profile_id

from {{ ref('profile_traits') }}

where {{ returned_within(24) }}
