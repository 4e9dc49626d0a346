-- Known people who never bought and fell silent two to three months ago.
select profile_id

from {{ ref('profile_traits') }}

where
    is_identified
    and not is_customer
    and not is_former_customer
    and {{ quiet_for(60, 90) }}
