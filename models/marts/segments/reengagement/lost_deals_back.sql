-- A lost deal whose person looks again: research after the loss, in the last two weeks.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and last_researched_at > last_deal_lost_at
    and last_researched_at > as_of - interval '14' day
