-- One row per engaged profile: points that halve every half-life, as of a fixed epoch. Time alone
-- changes no row here; whoever reads the score scales it to as_of.
with

events as (
    select * from {{ ref('int_events_resolved') }}
    where is_engagement
)

select
    profile_id,
    sum(
        weight * power(
            2, {{ seconds_between(score_epoch(), 'occurred_at') }} / {{ half_life_seconds() }}
        )
    ) as points_at_epoch

from events
group by profile_id
