-- Took any gated content in three months.
select profile_id

from {{ ref('profile_traits') }}

where {{ did('content_downloaded', within_days=90) }}
