-- Visited once, and not for half a year.
select profile_id

from {{ ref('profile_traits') }}

where last_visit_ended_at <= as_of - interval '180' day
