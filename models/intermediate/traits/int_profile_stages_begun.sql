-- One row per reason for which a profile was in a stage of its lifecycle: since when and by what,
-- and until when and why no longer, where that is over. Spans of one stage may overlap.
{% set as_of_now = as_of() %}
{% set beginning = "cast('" ~ var("earliest_event") ~ "' as timestamp)" %}
with

profiles as (
    select * from {{ ref('int_profiles') }}
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

deals as (
    select * from {{ ref('int_deals_stated') }}
),

events as (
    select * from {{ ref('int_events_resolved') }}
    where is_human
),

known as (
    select
        profile_key,
        min(first_seen_at) as known_at
    from identifiers
    where identifier_type in ('user_id', 'email', 'phone', 'crm_contact_id')
    group by profile_key
),

engaged_days as (
    select
        events.profile_key,
        known.known_at,
        min(events.occurred_at) as first_engaged_at,
        max(events.occurred_at) as last_engaged_at
    from events
    inner join known on events.profile_key = known.profile_key
    where events.is_engagement
    group by events.profile_key, known.known_at, cast(events.occurred_at as date)
),

begun as (
    select distinct
        profile_key,
        case behavior
            when 'demo_requested' then 'opportunity'
            when 'trial_started' then 'opportunity'
            else 'customer'
        end as stage,
        behavior as began_by,
        occurred_at as began_at,
        case behavior
            when 'demo_requested' then 'opportunity_days'
            when 'trial_started' then 'opportunity_days'
            when 'order_completed' then 'customer_days'
        end as lapsed_by,
        case behavior
            when 'demo_requested'
                then occurred_at + interval '{{ var("opportunity_days") }}' day
            when 'trial_started'
                then occurred_at + interval '{{ var("opportunity_days") }}' day
            when 'order_completed' then occurred_at + interval '{{ var("customer_days") }}' day
        end as lapsed_at
    from events
    where
        behavior in (
            'demo_requested', 'trial_started', 'order_completed', 'deal_won',
            'subscription_renewed'
        )

    union all

    -- The CRM says that the contact is a customer. Where it does not say since when, or names a day
    -- to come, every cancellation came later.
    select
        profile_key,
        'customer' as stage,
        'crm_lifecycle_stage' as began_by,
        case
            when crm_customer_since_at <= {{ as_of_now }} then crm_customer_since_at
            else {{ beginning }}
        end as began_at,
        {{ null_columns(['lapsed_by']) }},
        {{ null_columns(['lapsed_at'], 'timestamp') }}
    from details
    where crm_lifecycle_stage in ('{{ var("crm_customer_stages") | join("', '") }}')
),

endings as (
    select
        profile_key,
        'opportunity' as stage,
        behavior as ended_by,
        occurred_at as ended_at
    from events
    where
        behavior in (
            'deal_won', 'deal_lost', 'order_completed', 'subscription_renewed',
            'subscription_cancelled'
        )

    union all

    select
        profile_key,
        'customer' as stage,
        behavior as ended_by,
        occurred_at as ended_at
    from events
    where behavior = 'subscription_cancelled'
    {%- if var('crm_churn_property') %}

    union all

    select
        profile_key,
        'customer' as stage,
        'crm_churn_property' as ended_by,
        {{ utc_timestamp(json_text('crm_properties', var('crm_churn_property'))) | indent(8) }}
            as ended_at
    from details
    {%- endif %}
),

ranked as (
    select
        begun.*,
        endings.ended_by,
        endings.ended_at,
        row_number() over (
            partition by begun.profile_key, begun.stage, begun.began_by, begun.began_at
            order by endings.ended_at nulls last, endings.ended_by
        ) as ending_rank
    from begun
    left join endings
        on
            begun.profile_key = endings.profile_key
            and begun.stage = endings.stage
            and begun.began_at < endings.ended_at
),

spans as (
    select
        profile_key,
        stage,
        began_by,
        case when ended_at <= lapsed_at or lapsed_at is null then ended_by else lapsed_by end
            as ended_by,
        began_at,
        least(ended_at, lapsed_at) as ended_at
    from ranked
    where ending_rank = 1

    union all

    select
        identifiers.profile_key,
        'opportunity' as stage,
        'deal_created' as began_by,
        case when deals.is_won then 'deal_won' else 'deal_lost' end as ended_by,
        deals.created_at as began_at,
        case when not deals.is_open then coalesce(deals.closed_at, deals.created_at) end as ended_at
    from deals
    inner join identifiers
        on
            identifiers.identifier_type = 'crm_contact_id'
            and deals.crm_contact_id = identifiers.identifier_value

    union all

    select
        profile_key,
        'engaged' as stage,
        'engaged' as began_by,
        'engaged_days' as ended_by,
        greatest(first_engaged_at, known_at) as began_at,
        last_engaged_at + interval '{{ var("engaged_days") }}' day as ended_at
    from engaged_days

    union all

    select
        profile_key,
        'lead' as stage,
        'known' as began_by,
        {{ null_columns(['ended_by']) }},
        known_at as began_at,
        {{ null_columns(['ended_at'], 'timestamp') }}
    from known

    union all

    select
        profile_key,
        'anonymous' as stage,
        'seen' as began_by,
        {{ null_columns(['ended_by']) }},
        first_seen_at as began_at,
        {{ null_columns(['ended_at'], 'timestamp') }}
    from profiles
),

-- Of people whom a CRM brought without a time nobody knows since when they are there.
timed as (
    select
        profile_key,
        stage,
        began_by,
        ended_by,
        coalesce(began_at, {{ beginning }}) as began_at,
        ended_at
    from spans
)

select
    -- ids
    profile_key,

    -- strings
    stage,
    began_by,
    case when ended_at <= {{ as_of_now }} then ended_by end as ended_by,

    -- timestamps
    began_at,
    case when ended_at <= {{ as_of_now }} then ended_at end as ended_at

from timed
where ended_at is null or ended_at > began_at
