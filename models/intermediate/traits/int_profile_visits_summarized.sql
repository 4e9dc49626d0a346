-- One row per profile that visited: visits in the last week, pages that were left without reaching
-- their goal, the latest visit, and the end of those before it.
{% set timeout_seconds = var('visit_timeout_minutes') * 60 %}
with

visits as (
    select * from {{ ref('int_visits') }}
),

sequenced as (
    select
        *,
        {{ as_of() }} as as_of,
        {{ seconds_between('ended_at', as_of()) }}
        >= {{ timeout_seconds }} as is_over,
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
    count(case when started_at > as_of - interval '7' day then 1 end) as visit_count_7d,
    {%- for bounce in bounce_traits() %}
    count(
        case
            when is_over
                and last_{{ bounce.page }}_without_{{ bounce.goal }}_at > as_of - interval '7' day
                then 1
        end
    ) as {{ bounce.column }},
    {%- endfor %}

    -- timestamps
    max(case when recency = 1 then started_at end) as last_visit_started_at,
    max(case when recency = 1 then previous_visit_ended_at end) as previous_visit_ended_at,
    max(ended_at) as last_visit_ended_at

from sequenced
group by profile_key
