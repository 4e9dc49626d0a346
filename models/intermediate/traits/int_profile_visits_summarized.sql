-- One row per profile that visited: visits in the last week, pages that were left without reaching
-- their goal (var page_goals), the latest visit, and the end of those before it.
{% set timeout_seconds = var('visit_timeout_minutes') * 60 %}
with

visits as (
    select * from {{ ref('int_visits') }}
),

sequenced as (
    select
        *,
        {{ seconds_between('ended_at', as_of()) }} >= {{ timeout_seconds }} as is_over,
        max(ended_at) over (
            partition by profile_key
            order by started_at, ended_at, visit_id
            rows between unbounded preceding and 1 preceding
        ) as previous_visit_ended_at,
        row_number() over (
            partition by profile_key order by started_at desc, ended_at desc, visit_id desc
        ) as recency
    from visits
)

select
    -- ids
    profile_key,

    -- numbers
    count(case when {{ within_days('started_at', 7) }} then 1 end) as visit_count_7d,
    {% for page, goal in var('page_goals').items() %}
    count(
        case
            when is_over and {{ within_days('last_' ~ page ~ '_without_' ~ goal ~ '_at', 7) }}
                then 1
        end
    ) as {{ page }}_bounce_count_7d,
    {% endfor %}

    -- timestamps
    max(case when recency = 1 then started_at end) as last_visit_started_at,
    max(case when recency = 1 then previous_visit_ended_at end) as previous_visit_ended_at,
    max(ended_at) as last_visit_ended_at

from sequenced
group by profile_key
