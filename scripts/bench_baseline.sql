-- The traits of marts.profile_traits, written by hand as one script over the same raw files: no
-- layers, no quarantine table, no incremental state, no tests. It is what `make bench` measures the
-- project against, and an independent check of its results: both must give the same rows.
-- Parameters: getvariable('raw') is the raw folder, getvariable('as_of') the instant. Who is who is
-- given: table identity (kind, value, profile_id, is_suppressed) comes from the project, whose
-- identity has a benchmark of its own.

create temp table identified_events as
with raw_events as (
    select
        'segment' as source, id as event_id, received_at as loaded_at, "timestamp" as occurred_at,
        anonymous_id, user_id, cast(null as varchar) as email, cast(null as varchar) as phone,
        'page_viewed' as name, path, cast(null as varchar) as object, true as is_web, false as is_machine
    from read_parquet(getvariable('raw') || '/segment/pages/*.parquet')
    union all
    select
        'segment', id, received_at, "timestamp", anonymous_id, user_id, null, null, event,
        context_page_path,
        coalesce(properties ->> 'order_id', properties ->> 'product_id', properties ->> 'content_id'),
        context_page_url is not null, false
    from read_parquet(getvariable('raw') || '/segment/tracks/*.parquet')
    union all
    select
        'segment', id, received_at, "timestamp", anonymous_id, user_id, lower(trim(email)), phone,
        'identified', null, null, false, false
    from read_parquet(getvariable('raw') || '/segment/identifies/*.parquet')
    union all
    select
        'email', item.sg_event_id, received_at,
        make_timestamp(cast(try_cast(item.timestamp as double) * 1000000 as bigint)),
        null, null, lower(trim(item.email)), null,
        case
            when item.event = 'bounce' and item.type = 'blocked' then 'email_soft_bounced'
            when item.event = 'bounce' then 'email_hard_bounced'
            when item.event = 'open' then 'email_opened'
            when item.event = 'click' then 'email_clicked'
            when item.event = 'delivered' then 'email_delivered'
            when item.event = 'spamreport' then 'email_complained'
            when item.event in ('unsubscribe', 'group_unsubscribe') then 'email_unsubscribed'
            when item.event in ('deferred', 'processed', 'dropped', 'group_resubscribe')
                then 'email_other'
        end,
        null, split_part(item.sg_message_id, '.', 1), false,
        coalesce(item.sg_machine_open, false)
        or coalesce(
            item.useragent = 'Mozilla/5.0'
            or regexp_matches(
                item.useragent,
                'GoogleImageProxy.*prefetch|YahooMailProxy|bot|Bot|crawler|spider|Barracuda'
                || '|Proofpoint|Mimecast|python-requests|curl/'
            ), false
        )
    from (
        select
            received_at,
            from_json(
                payload,
                '{"sg_event_id": "VARCHAR", "timestamp": "VARCHAR", "email": "VARCHAR",
                  "event": "VARCHAR", "type": "VARCHAR", "sg_message_id": "VARCHAR",
                  "sg_machine_open": "BOOLEAN", "useragent": "VARCHAR"}'
            ) as item
        from read_parquet(getvariable('raw') || '/email/webhooks/*.parquet')
        where json_valid(payload)
    )
    union all
    select
        'hubspot', 'contact_created:' || id, _fivetran_synced, property_createdate, null, null,
        lower(trim(property_email)), null, 'contact_created', null, id, false, false
    from read_parquet(getvariable('raw') || '/hubspot/contacts/*.parquet')
    where not _fivetran_deleted
    union all
    select
        'hubspot', step || ':' || deals.deal_id || ':' || contacts.id, deals._fivetran_synced, step_at,
        null, null, lower(trim(contacts.property_email)), null, step, null, deals.deal_id, false,
        false
    from (
        select deal_id, _fivetran_synced, 'deal_created' as step, property_createdate as step_at
        from read_parquet(getvariable('raw') || '/hubspot/deals/*.parquet')
        where not is_deleted
        union all
        select
            deal_id, _fivetran_synced,
            if(deal_pipeline_stage_id = 'closedwon', 'deal_won', 'deal_lost'), property_closedate
        from read_parquet(getvariable('raw') || '/hubspot/deals/*.parquet')
        where not is_deleted and deal_pipeline_stage_id in ('closedwon', 'closedlost')
    ) as deals
    inner join read_parquet(getvariable('raw') || '/hubspot/deal_contacts/*.parquet') as links
        on deals.deal_id = links.deal_id
    inner join read_parquet(getvariable('raw') || '/hubspot/contacts/*.parquet') as contacts
        on links.contact_id = contacts.id and not contacts._fivetran_deleted
),

usable as (
    select * replace (
        case when lower(user_id) not in ('undefined', 'null', '00000000-0000-0000-0000-000000000000')
            then user_id end as user_id,
        case when lower(anonymous_id)
            not in ('undefined', 'null', '00000000-0000-0000-0000-000000000000')
            then anonymous_id end as anonymous_id
    )
    from raw_events
    where
        event_id is not null and occurred_at is not null and name is not null
        and occurred_at <= loaded_at + interval 24 hour
        and occurred_at <= getvariable('as_of')
)

select * from usable
where coalesce(user_id, email, phone, anonymous_id) is not null
-- Copies agree in everything but the load time here, so any one of them will do.
qualify row_number() over (partition by source, event_id order by loaded_at) = 1;

create temp table people as
select
    lower(trim(property_email)) as email, cast(null as varchar) as user_id, property_phone as phone,
    if(_fivetran_deleted, null, cast(id as varchar)) as crm_contact_id,
    property_hs_email_optout as opted_out,
    if(_fivetran_deleted, null, lower(property_lifecyclestage)) as stage,
    coalesce(property_lastmodifieddate, property_createdate, _fivetran_synced) as stated_at
from read_parquet(getvariable('raw') || '/hubspot/contacts/*.parquet')
where not _fivetran_deleted or property_hs_email_optout
union all
select
    lower(trim(email)),
    case when lower(user_id) not in ('undefined', 'null', '00000000-0000-0000-0000-000000000000')
        then user_id end,
    phone, null, false, null, "timestamp"
from read_parquet(getvariable('raw') || '/segment/identifies/*.parquet');

create temp table identifiers as
with seen as (
    select
        user_id, email, phone, anonymous_id, cast(null as varchar) as crm_contact_id,
        count(*) as times, min(occurred_at) as first_at, max(occurred_at) as last_at
    from identified_events group by all
    union all
    select user_id, email, phone, null, crm_contact_id, count(*), min(stated_at), max(stated_at)
    from people
    where
        stated_at <= getvariable('as_of')
        and coalesce(user_id, email, phone, crm_contact_id) is not null
    group by all
),

-- The same set seen in events and in statements is one set.
sets as (
    select
        user_id, email, phone, anonymous_id, crm_contact_id,
        sum(times) as times, min(first_at) as first_at, max(last_at) as last_at
    from seen group by all
),

listed as (
    unpivot sets on user_id, email, phone, anonymous_id, crm_contact_id into name kind value value
),

summarized as (
    select kind, value, min(first_at) as first_at, max(last_at) as last_at
    from listed group by kind, value
)

select summarized.*, identity.profile_id, identity.is_suppressed
from summarized inner join identity using (kind, value);

create temp table events as
select
    -- Whoever is known best; an identifier that several share only when there is no better one.
    coalesce(
        if(not users.is_suppressed, users.profile_id, null),
        if(not emails.is_suppressed, emails.profile_id, null),
        if(not phones.is_suppressed, phones.profile_id, null),
        if(not devices.is_suppressed, devices.profile_id, null),
        users.profile_id, emails.profile_id, phones.profile_id, devices.profile_id
    ) as profile_id,
    coalesce(events.anonymous_id, events.user_id, events.email, events.phone) as device,
    events.event_id, events.name, events.object, events.is_web, events.is_machine,
    events.occurred_at,
    case
        when events.name = 'page_viewed' then case
            when path like '/pricing%' then 'pricing_page_viewed'
            when path like '/case-studies/%' then 'case_study_viewed'
            when path like '/compare/%' then 'comparison_page_viewed'
            when path = '/demo' then 'demo_page_viewed'
            when path like '/security%' then 'security_page_viewed'
            when path = '/roi-calculator' then 'roi_tool_used'
            when path like '/docs/%' then 'documentation_viewed'
            when path like '/careers%' then 'careers_page_viewed'
            else 'page_viewed'
        end
        when events.name = 'content_downloaded' then case
            when object like 'case-studies/%' then 'case_study_downloaded'
            when object like 'guides/integration%' then 'integration_guide_downloaded'
            else 'content_downloaded'
        end
        when events.name = 'product_added' then 'cart_item_added'
        when events.name = 'product_removed' then 'cart_item_removed'
        when events.name = 'feature_used' then 'product_used'
        else events.name
    end as behavior
from identified_events as events
left join (from identifiers where kind = 'user_id') as users on events.user_id = users.value
left join (from identifiers where kind = 'email') as emails on events.email = emails.value
left join (from identifiers where kind = 'phone') as phones on events.phone = phones.value
left join (from identifiers where kind = 'anonymous_id') as devices
    on events.anonymous_id = devices.value;

create or replace table baseline_traits as
with weights as (select behavior, weight from read_csv(getvariable('behaviors'))),

counted as (
    select
        profile_id,
        count(*) filter (
            behavior = 'pricing_page_viewed' and occurred_at > getvariable('as_of') - interval 7 day
        ) as pricing_page_viewed_count_7d,
        count(*) filter (
            behavior = 'pricing_page_viewed' and occurred_at > getvariable('as_of') - interval 30 day
        ) as pricing_page_viewed_count_30d,
        count(*) filter (
            behavior = 'case_study_downloaded'
            and occurred_at > getvariable('as_of') - interval 30 day
        ) as case_study_downloaded_count_30d,
        count(distinct coalesce(object, event_id)) filter (behavior = 'order_completed')
            as order_count,
        max(occurred_at) filter (weight > 0 and not is_machine) as last_engaged_at,
        max(occurred_at) filter (behavior = 'order_completed') as last_order_at,
        max(occurred_at) filter (behavior = 'cart_item_added') as last_cart_at,
        bool_or(behavior = 'deal_won') as won,
        bool_or(behavior in ('demo_requested', 'trial_started')) as converted,
        bool_or(behavior in ('email_hard_bounced', 'email_complained', 'email_unsubscribed'))
            as suppressed,
        sum(weight * pow(2, -epoch(getvariable('as_of') - occurred_at) / (14 * 86400.0)))
            filter (weight > 0 and not is_machine) as score
    from events left join weights using (behavior)
    group by profile_id
),

gaps as (
    select
        profile_id, device, occurred_at,
        occurred_at - lag(occurred_at) over (partition by profile_id, device order by occurred_at)
            >= interval 30 minute as is_new
    from events where is_web
),

numbered as (
    select
        profile_id, device, occurred_at,
        sum(cast(coalesce(is_new, false) as int)) over (
            partition by profile_id, device order by occurred_at range unbounded preceding
        ) as visit
    from gaps
),

visits as (
    select profile_id, min(occurred_at) as started_at, max(occurred_at) as ended_at
    from numbered group by profile_id, device, visit
),

visited as (
    select
        profile_id,
        count(*) filter (started_at > getvariable('as_of') - interval 7 day) as visit_count_7d,
        max(ended_at) as last_visit_ended_at,
        arg_max(gap, (started_at, ended_at)) as gap,
        max(started_at) as last_started_at
    from (
        select
            *,
            coalesce(
                epoch(started_at - max(ended_at) over (
                    partition by profile_id order by started_at, ended_at
                    rows between unbounded preceding and 1 preceding
                )), -1
            ) as gap
        from visits
    )
    group by profile_id
),

messages as (
    select
        profile_id, object,
        min(occurred_at) filter (name in ('email_delivered', 'email_opened', 'email_clicked'))
            as delivered_at,
        coalesce(
            bool_or(name in ('email_opened', 'email_clicked') and not is_machine), false
        ) as opened
    from events where starts_with(name, 'email_') and object is not null
    group by profile_id, object
),

mailed as (
    select
        profile_id,
        count(*) as counted_emails,
        coalesce(min(place) filter (not opened) - 1, count(*)) as consecutive_emails_opened,
        coalesce(min(place) filter (opened) - 1, count(*)) as consecutive_emails_ignored,
        count(*) filter (opened and place <= 10) as emails_opened_of_last_10,
        count(*) filter (opened and place between 11 and 20) as emails_opened_of_previous_10
    from (
        select
            profile_id, opened,
            row_number() over (partition by profile_id order by delivered_at desc, object desc)
                as place
        from messages
        where
            delivered_at is not null
            and (opened or delivered_at <= getvariable('as_of') - interval 72 hour)
    )
    group by profile_id
),

stated as (
    select
        identifiers.profile_id,
        bool_or(people.opted_out) as opted_out,
        arg_min(stage, (crm_contact_id is null, -epoch_us(stated_at), crm_contact_id))
            filter (stage is not null) as stage
    from people
    inner join identifiers
        on
            identifiers.kind = case
                when people.user_id is not null then 'user_id'
                when people.crm_contact_id is not null then 'crm_contact_id'
                when people.email is not null then 'email'
                else 'phone'
            end
            and identifiers.value = coalesce(user_id, crm_contact_id, email, phone)
    where stated_at <= getvariable('as_of')
    group by identifiers.profile_id
),

profiles as (
    select
        profile_id,
        bool_or(kind <> 'anonymous_id') as is_identified,
        bool_or(kind = 'email') as has_email,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from identifiers group by profile_id
),

joined as (
    select
        *,
        coalesce(order_count, 0) > 0 or coalesce(won, false) or coalesce(stage = 'customer', false)
            as is_customer
    from profiles
    left join counted using (profile_id)
    left join visited using (profile_id)
    left join mailed using (profile_id)
    left join stated using (profile_id)
)

select
    profile_id,
    if(is_customer, 'customer', 'prospect') as lifecycle_stage,
    case
        when gap > 0 and gap <= 86400 and last_started_at > getvariable('as_of') - interval 1 day
            then 'hot'
        when gap >= 180 * 86400 and last_started_at > getvariable('as_of') - interval 7 day
            then 'reactivated'
        when
            gap >= 14 * 86400 and gap < 180 * 86400
            and last_started_at > getvariable('as_of') - interval 7 day
            then 'warm'
        else 'none'
    end as return_band,
    coalesce(pricing_page_viewed_count_7d, 0) as pricing_page_viewed_count_7d,
    coalesce(pricing_page_viewed_count_30d, 0) as pricing_page_viewed_count_30d,
    coalesce(case_study_downloaded_count_30d, 0) as case_study_downloaded_count_30d,
    coalesce(order_count, 0) as order_count,
    coalesce(visit_count_7d, 0) as visit_count_7d,
    coalesce(counted_emails, 0) as counted_emails,
    coalesce(consecutive_emails_opened, 0) as consecutive_emails_opened,
    coalesce(consecutive_emails_ignored, 0) as consecutive_emails_ignored,
    coalesce(emails_opened_of_last_10, 0) as emails_opened_of_last_10,
    coalesce(emails_opened_of_previous_10, 0) as emails_opened_of_previous_10,
    coalesce(score, 0) as engagement_score,
    is_identified,
    is_customer,
    is_customer or coalesce(converted, false) as has_converted,
    coalesce(
        last_cart_at > getvariable('as_of') - interval 7 day
        and last_cart_at < getvariable('as_of') - interval 1 hour
        and (last_order_at is null or last_order_at <= last_cart_at), false
    ) as has_abandoned_cart,
    has_email and not coalesce(suppressed, false) and not coalesce(opted_out, false)
        as is_email_reachable,
    getvariable('as_of') as as_of,
    first_seen_at,
    last_seen_at,
    last_engaged_at,
    last_order_at,
    last_visit_ended_at
from joined;
