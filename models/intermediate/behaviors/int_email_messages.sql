-- One row per message and person: when it was delivered, and whether a human opened or clicked it.
with

email_events as (
    select * from {{ ref('int_events_resolved') }}
    where family = 'email' and object_id is not null
),

judged as (
    select
        source,
        object_id as message_id,
        profile_key,
        occurred_at,
        behavior = 'email_delivered' as is_delivery,
        behavior in (
            'email_hard_bounced', 'email_soft_bounced', 'email_rejected'
        ) as is_return,
        -- An open or a click proves the delivery whose own report got lost.
        behavior in (
            'email_opened', 'email_clicked', 'email_cta_clicked', 'email_preferences_clicked'
        ) as proves_delivery,
        behavior = 'email_opened' and is_human as is_open,
        behavior in ('email_clicked', 'email_cta_clicked') and is_human as is_click,
        behavior = 'email_opened' and is_machine as is_machine_open
    from email_events
),

messages as (
    select
        source,
        message_id,
        profile_key,
        min(case when is_delivery or proves_delivery then occurred_at end) as delivered_at,
        max(case when is_delivery then occurred_at end) as last_delivered_at,
        max(case when is_return then occurred_at end) as returned_at,
        max(case when proves_delivery then 1 else 0 end) = 1 as is_proved,
        min(case when is_open then occurred_at end) as opened_at,
        min(case when is_click then occurred_at end) as clicked_at,
        max(case when is_click then occurred_at end) as last_clicked_at,
        min(case when is_machine_open then occurred_at end) as machine_opened_at
    from judged
    group by source, message_id, profile_key
)

select
    -- ids
    source,
    message_id,
    profile_key,

    -- booleans
    coalesce(opened_at, clicked_at) is not null as is_opened,
    -- Unopened and young: too early to say that it was ignored.
    coalesce(opened_at, clicked_at) is not null
    or delivered_at <= {{ as_of() }} - interval '{{ var("email_grace_hours") }}' hour as is_counted,

    -- timestamps
    delivered_at,
    opened_at,
    clicked_at,
    last_clicked_at,
    machine_opened_at

from messages
where
    delivered_at is not null
    -- A server may take a message and send it back later: then it did not arrive.
    and (is_proved or returned_at is null or returned_at < last_delivered_at)
