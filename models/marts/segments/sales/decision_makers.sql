-- People who decide, by the role that the CRM gives them.
select profile_id

from {{ ref('profile_traits') }}

where is_decision_maker
