-- Two rules that fit the same events equally well and disagree: raise one's precedence.
select *

from {{ ref('int_event_kinds_classified') }}
where winning_behavior_count > 1
