-- Back after two weeks or more.
select profile_id

from {{ ref('profile_traits') }}

where {{ returned_after(14, 180) }}
