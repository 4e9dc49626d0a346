-- One row per profile that clicked in two different e-mails within 24 hours: when it last did. Two
-- links of one message are one message.
with

clicks as (
    select
        profile_key,
        source,
        object_id as message_id,
        occurred_at
    from {{ ref('int_events_resolved') }}
    where
        behavior in ('email_clicked', 'email_cta_clicked')
        and is_human
        and object_id is not null
        and occurred_at <= {{ as_of() }}
),

numbered as (
    select
        *,
        lag(source) over (
            partition by profile_key order by occurred_at, source, message_id
        ) as source_before,
        lag(message_id) over (
            partition by profile_key order by occurred_at, source, message_id
        ) as message_id_before,
        lag(occurred_at) over (
            partition by profile_key order by occurred_at, source, message_id
        ) as clicked_before_at
    from clicks
),

-- The last click in another message: of the one before, or, where that is the same message, of the
-- one before that, and so on. It only grows, so the largest up to here is it.
followed as (
    select
        *,
        max(
            case
                when source <> source_before or message_id <> message_id_before
                    then clicked_before_at
            end
        ) over (
            partition by profile_key
            order by occurred_at, source, message_id
            rows between unbounded preceding and current row
        ) as other_clicked_at
    from numbered
)

select
    profile_key,
    max(occurred_at) as last_double_click_at

from followed
where occurred_at <= other_clicked_at + interval '24' hour
group by profile_key
