-- One row per profile that got e-mail: streaks and shares over delivered messages, newest first.
-- Messages that are unopened and too young to judge are left out. Of whom nothing was sent to for
-- long, nobody knows the habits any more.
{% set numbers = [
    'consecutive_emails_opened', 'consecutive_emails_ignored', 'consecutive_emails_not_clicked',
    'emails_opened_of_last_10', 'emails_opened_of_previous_10', 'counted_emails'
] %}
with

messages as (
    select * from {{ ref('int_email_messages') }}
    where is_counted
),

sequenced as (
    select
        *,
        row_number() over (
            partition by profile_key order by delivered_at desc nulls last, message_id desc
        ) as recency
    from messages
),

-- The newest unopened message ends the run of opened ones, and the other way round.
ends as (
    select
        profile_key,
        count(*) as counted_emails,
        min(case when not is_opened then recency end) as newest_unopened,
        min(case when is_opened then recency end) as newest_opened,
        min(case when clicked_at is not null then recency end) as newest_clicked,
        count(case when is_opened and recency <= 10 then 1 end) as emails_opened_of_last_10,
        count(case when is_opened and recency between 11 and 20 then 1 end)
            as emails_opened_of_previous_10,
        max(delivered_at) as last_delivered_at,
        max(last_clicked_at) as last_email_clicked_at
    from sequenced
    group by profile_key
),

streaks as (
    select
        profile_key,
        counted_emails,
        coalesce(newest_unopened - 1, counted_emails) as consecutive_emails_opened,
        coalesce(newest_opened - 1, counted_emails) as consecutive_emails_ignored,
        coalesce(newest_clicked - 1, counted_emails) as consecutive_emails_not_clicked,
        emails_opened_of_last_10,
        emails_opened_of_previous_10,
        last_email_clicked_at,
        last_delivered_at > {{ as_of() }} - interval '{{ var("streak_valid_days") }}' day
            as is_valid
    from ends
)

select
    profile_key,
    {%- for number in numbers %}
    case when is_valid then {{ number }} else 0 end as {{ number }},
    {%- endfor %}
    case
        when is_valid
            then {{ round_to(
                'cast(emails_opened_of_last_10 + emails_opened_of_previous_10 as '
                ~ type_double() ~ ') / least(counted_emails, 20)', 4
            ) | indent(16) }}
        else 0
    end as email_open_rate,
    last_email_clicked_at

from streaks
