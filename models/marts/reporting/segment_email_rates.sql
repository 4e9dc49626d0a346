-- One row per segment and month: how much of the mail that its present members got in that month
-- was opened and clicked, and the same for everybody.
with

messages as (
    select
        profile_key,
        cast({{ dbt.date_trunc('month', 'delivered_at') }} as date) as delivered_in_month,
        is_opened,
        clicked_at is not null as is_clicked
    from {{ ref('int_email_messages') }}
    where is_counted
),

profiles as (
    select
        profile_key,
        profile_id
    from {{ ref('int_profiles') }}
    where is_internal is not true
),

memberships as (
    select * from {{ ref('segment_memberships') }}
),

-- No file of a segment can have this name.
audiences as (
    select
        segment,
        profile_id
    from memberships
    union all
    select
        '(everybody)' as segment,
        profile_id
    from profiles
),

counted as (
    select
        audiences.segment,
        messages.delivered_in_month,
        count(distinct profiles.profile_id) as people_count,
        count(*) as email_count,
        count(case when messages.is_opened then 1 end) as opened_email_count,
        count(case when messages.is_clicked then 1 end) as clicked_email_count
    from messages
    inner join profiles on messages.profile_key = profiles.profile_key
    inner join audiences on profiles.profile_id = audiences.profile_id
    group by audiences.segment, messages.delivered_in_month
)

select
    -- strings
    segment,

    -- numbers
    people_count,
    email_count,
    opened_email_count,
    clicked_email_count,
    {{ round_to('1.0 * opened_email_count / email_count', 4) }} as open_rate,
    {{ round_to('1.0 * clicked_email_count / email_count', 4) }} as click_rate,

    -- timestamps
    delivered_in_month,
    {{ as_of() }} as as_of

from counted
