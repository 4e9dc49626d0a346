-- One row per profile that visited: visits in the last week, pages that were left without reaching
-- their goal, when it was last here, and when it last came back.
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
        ) as away_since_at
    from visits
),

-- A pause while somebody works is no return, nor is a visit that begins while another goes on.
compared as (
    select
        *,
        started_at > as_of - interval '7' day as is_of_week,
        started_at >= away_since_at + interval '{{ var("return_minimum_hours") }}' hour as is_return
    from sequenced
)

select
    -- ids
    profile_key,

    -- numbers
    count(case when is_of_week then 1 end) as visit_count_7d,
    {%- for bounce in bounce_traits() %}
    {%- set left_at = 'last_' ~ bounce.page ~ '_without_' ~ bounce.goal ~ '_at' %}
    count(
        case
            when is_over
                and {{ left_at }} > as_of - interval '7' day
                and last_page_viewed_at {{ '=' if bounce.is_bounce else '>' }}
                    {{ left_at }}
                then 1
        end
    ) as {{ bounce.column }},
    {%- endfor %}

    -- timestamps
    max(started_at) as last_visit_started_at,
    max(ended_at) as last_visit_ended_at,
    -- The later a visit, the later the end of those before it: both are of the latest return.
    max(case when is_return then started_at end) as last_returned_at,
    max(case when is_return then away_since_at end) as last_away_since_at,
    min(case when is_of_week then started_at end) as week_returned_at,
    max(case when not is_of_week then ended_at end) as week_away_since_at

from compared
group by profile_key
