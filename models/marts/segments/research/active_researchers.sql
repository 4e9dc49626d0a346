-- On the site again and again: three visits or more in a week.
select profile_id

from {{ ref('profile_traits') }}

where visit_count_7d >= 3
