-- One row per user agent of a machine that some event carries, with the kind of machine by
-- seeds/machine_user_agents.csv. Each user agent is compared with the patterns once, however many
-- events carry it. Where several fit, a person's goes before a machine's, and then the longest.
with

events as (
    select * from {{ ref('int_events_enabled') }}
),

machine_user_agents as (
    select * from {{ ref('machine_user_agents') }}
),

user_agents as (
    select
        user_agent,
        {{ lower_text('user_agent') }} as lower_user_agent
    from events
    where user_agent is not null
    group by user_agent
),

ranked as (
    select
        user_agents.user_agent,
        machine_user_agents.kind,
        row_number() over (
            partition by user_agents.user_agent
            order by
                case when machine_user_agents.kind = 'person' then 0 else 1 end,
                length(machine_user_agents.pattern) desc,
                machine_user_agents.pattern
        ) as pattern_rank
    from user_agents
    inner join machine_user_agents
        on user_agents.lower_user_agent like machine_user_agents.pattern
)

select
    user_agent,
    kind

from ranked
where pattern_rank = 1 and kind <> 'person'
