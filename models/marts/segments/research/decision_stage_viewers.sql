-- About to decide: two looks or more in two weeks at what people look at before they decide.
select profile_id

from {{ ref('profile_traits') }}

where
    not has_converted
    and {{ did('decision_stage', at_least=2, within_days=14) }}
