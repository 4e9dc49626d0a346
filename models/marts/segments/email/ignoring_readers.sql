-- Ignored the last five e-mails: pause, or say something else.
select profile_id

from {{ ref('profile_traits') }}

where {{ ignored_in_a_row(5) }}
