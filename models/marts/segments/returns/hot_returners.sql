-- Back within a day of the last visit, and not just after a pause.
select profile_id

from {{ ref('profile_traits') }}

where {{ returned_within(24) }}
