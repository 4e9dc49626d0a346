-- Two rules that fit the same events equally well and disagree: raise one's precedence.
-- A row is a kind of event for which rules tie, with how many behaviors they name.
select *

from {{ ref('int_event_kinds_classified') }}
where winning_behavior_count > 1
