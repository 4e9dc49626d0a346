-- One row per profile that visited: visits in the last week, and the latest visit with the gap
-- before it. A visit that began before an earlier one ended (a second device) is no return.
with

visits as (
    select * from {{ ref('int_visits') }}
),

sequenced as (
    select
        *,
        max(ended_at) over (
            partition by profile_id
            order by started_at, ended_at, visit_id
            rows between unbounded preceding and 1 preceding
        ) as previous_visit_ended_at,
        row_number() over (
            partition by profile_id order by started_at desc, ended_at desc, visit_id desc
        ) as recency
    from visits
)

select
    -- ids
    profile_id,

    -- numbers
    count(case when {{ within_days('started_at', 7) }} then 1 end) as visit_count_7d,
    max(
        case
            when recency = 1
                then {{ seconds_between('previous_visit_ended_at', 'started_at') }}
        end
    ) as return_gap_seconds,

    -- timestamps
    max(case when recency = 1 then started_at end) as last_visit_started_at,
    max(ended_at) as last_visit_ended_at

from sequenced
group by profile_id
