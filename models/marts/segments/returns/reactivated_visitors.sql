-- Back for the first time in half a year.
select profile_id

from {{ ref('profile_traits') }}

where {{ returned_after(180) }}
