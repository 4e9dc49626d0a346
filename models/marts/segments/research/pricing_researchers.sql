-- Comparing prices right now: looked at pricing five times or more in a week.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did('pricing_page_viewed', at_least=5, within_days=7) }}
