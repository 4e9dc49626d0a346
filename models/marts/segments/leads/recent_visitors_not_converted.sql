-- On the site this week and not converted.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and visit_count_7d >= 1
