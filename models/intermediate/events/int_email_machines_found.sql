-- One row per open or click in an e-mail that a machine did, as its time and place show: a click
-- when the message is delivered, clicks on several links at once, on a link that no human sees; and
-- an open beside such a click. Read from all events, however late a delivery is reported.
with

events as (
    select
        source,
        event_id,
        object_id as message_id,
        coalesce(user_id, email, phone, anonymous_id) as recipient,
        event_name,
        link_url,
        {{ epoch_micros('occurred_at') }} as micros
    from {{ ref('int_events') }}
    where
        event_name in ('email_delivered', 'email_opened', 'email_clicked')
        and occurred_at <= {{ as_of() }}
),

machine_links as (
    select * from {{ ref('machine_links') }}
),

-- A message is one person's. Two seconds on either side are at once.
beside as (
    select
        *,
        min(case when event_name = 'email_delivered' then micros end) over (
            partition by source, message_id, recipient
        ) as delivered_micros,
        min(case when event_name = 'email_clicked' then link_url end) over (
            partition by source, message_id, recipient
            order by micros range between 2000000 preceding and 2000000 following
        ) as first_link,
        max(case when event_name = 'email_clicked' then link_url end) over (
            partition by source, message_id, recipient
            order by micros range between 2000000 preceding and 2000000 following
        ) as last_link
    from events
),

clicks as (
    select
        *,
        case
            when event_name <> 'email_clicked' then 0
            when
                exists (
                    select 1 from machine_links
                    where {{ matches('beside.link_url', 'machine_links.pattern') }}
                )
                then 1
            -- Clicks that name no message are not one message's.
            when message_id is null then 0
            when first_link <> last_link then 1
            -- The message may be reported as delivered a moment after the click.
            when abs(micros - delivered_micros) <= 1000000 * {{ var('machine_click_seconds') }}
                then 1
            else 0
        end as is_machine_click
    from beside
),

found as (
    select
        *,
        max(is_machine_click) over (
            partition by source, message_id, recipient
            order by micros range between 2000000 preceding and 2000000 following
        ) as is_beside_machine_click
    from clicks
)

select
    source,
    event_id

from found
where
    is_machine_click = 1
    or (event_name = 'email_opened' and message_id is not null and is_beside_machine_click = 1)
