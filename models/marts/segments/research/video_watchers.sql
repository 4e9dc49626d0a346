-- Watched a video this month, and not just its first seconds.
select profile_id

from {{ ref('profile_traits') }}

where longest_video_seconds_30d >= 30
