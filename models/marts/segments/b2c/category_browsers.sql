-- Looked at products of one category three times or more in two weeks.
select profile_id

from {{ ref('profile_traits') }}

where top_category_view_count_14d >= 3
