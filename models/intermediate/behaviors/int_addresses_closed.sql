-- One row per e-mail address that mail does not reach: there is no such mailbox, or as many
-- messages in a row as var soft_bounces says came back and none arrived between. The one place
-- where this is decided; which of several addresses leaves is decided by int_profile_addresses.
with

reported as (
    {{ email_reports(ref('int_events_resolved'), ref('int_events')) }}
),

reports as (
    select * from reported
    where email is not null
),

messages as (
    select
        email,
        source,
        coalesce(object_id, event_id) as message_id,
        max(case when behavior = 'email_soft_bounced' then occurred_at end) as returned_at,
        -- An open or a click proves the delivery whose own report got lost.
        max(
            case
                when
                    behavior in (
                        'email_delivered', 'email_opened', 'email_clicked', 'email_cta_clicked',
                        'email_preferences_clicked'
                    )
                    then occurred_at
            end
        ) as arrived_at
    from reports
    group by email, source, coalesce(object_id, event_id)
),

-- A server may take a message and send it back later: then it did not arrive.
arrivals as (
    select
        email,
        max(arrived_at) as last_arrived_at
    from messages
    where arrived_at is not null and (returned_at is null or returned_at < arrived_at)
    group by email
),

returns as (
    select
        messages.email,
        messages.returned_at,
        row_number() over (
            partition by messages.email
            order by messages.returned_at, messages.source, messages.message_id
        ) as return_rank
    from messages
    left join arrivals on messages.email = arrivals.email
    where
        messages.returned_at is not null
        and (messages.arrived_at is null or messages.arrived_at <= messages.returned_at)
        and (arrivals.email is null or messages.returned_at > arrivals.last_arrived_at)
),

closings as (
    select
        email,
        'hard_bounced' as closed_because,
        min(occurred_at) as closed_at
    from reports
    where behavior = 'email_hard_bounced'
    group by email

    union all

    select
        email,
        'soft_bounced' as closed_because,
        returned_at as closed_at
    from returns
    where return_rank = {{ var('soft_bounces') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by email order by closed_at, closed_because
        ) as closing_rank
    from closings
)

select
    email,
    closed_because,
    closed_at

from ranked
where closing_rank = 1
