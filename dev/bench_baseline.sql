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
        'page_viewed' as name, path, cast(null as varchar) as object, true as is_web,
        false as is_machine, cast(null as varchar) as link, cast(null as double) as value,
        cast(null as varchar) as properties
    from read_parquet(getvariable('raw') || '/segment/pages/*.parquet')
    union all
    select
        'segment', id, received_at, "timestamp", anonymous_id, user_id, null, null, event,
        context_page_path,
        coalesce(
            properties ->> 'order_id', properties ->> 'product_id', properties ->> 'content_id',
            properties ->> 'video_id', properties ->> 'form_id', properties ->> 'feature',
            properties ->> 'url'
        ),
        context_page_url is not null, false, null,
        try_cast(
            coalesce(properties ->> 'revenue', properties ->> 'price', properties ->> 'seconds')
            as double
        ), properties
    from read_parquet(getvariable('raw') || '/segment/tracks/*.parquet')
    union all
    select
        'segment', id, received_at, "timestamp", anonymous_id, user_id, lower(trim(email)), phone,
        'identified', null, null, false, false, null, null, null
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
        ),
        item.url, null, null
    from (
        select
            received_at,
            from_json(
                payload,
                '{"sg_event_id": "VARCHAR", "timestamp": "VARCHAR", "email": "VARCHAR",
                  "event": "VARCHAR", "type": "VARCHAR", "sg_message_id": "VARCHAR",
                  "sg_machine_open": "BOOLEAN", "useragent": "VARCHAR", "url": "VARCHAR"}'
            ) as item
        from read_parquet(getvariable('raw') || '/email/webhooks/*.parquet')
        where json_valid(payload)
    )
    union all
    select
        'hubspot', 'contact_created:' || id, _fivetran_synced, property_createdate, null, null,
        lower(trim(property_email)), null, 'contact_created', null, id, false, false, null,
        null, null
    from read_parquet(getvariable('raw') || '/hubspot/contacts/*.parquet')
    where not _fivetran_deleted
    union all
    select
        'hubspot', step || ':' || deals.deal_id || ':' || contacts.id, deals._fivetran_synced, step_at,
        null, null, lower(trim(contacts.property_email)), null, step, null, deals.deal_id, false,
        false, null, null, null
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
    if(_fivetran_deleted, null, cast(property_associatedcompanyid as varchar)) as company,
    if(_fivetran_deleted, null, property_hs_lead_status) as lead_status,
    if(_fivetran_deleted, null, property_hs_buying_role) as roles,
    if(_fivetran_deleted, null, property_hs_v2_date_entered_customer) as customer_since,
    if(
        _fivetran_deleted, null,
        coalesce(property_firmographics_verified_at, property_createdate)
    ) as verified_at,
    property_jobtitle as title,
    coalesce(property_lastmodifieddate, property_createdate, _fivetran_synced) as stated_at
from read_parquet(getvariable('raw') || '/hubspot/contacts/*.parquet')
where not _fivetran_deleted or property_hs_email_optout
union all
select
    lower(trim(email)),
    case when lower(user_id) not in ('undefined', 'null', '00000000-0000-0000-0000-000000000000')
        then user_id end,
    phone, null, false, null, null, null, null, null, null, title, "timestamp"
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
    events.event_id, events.name, events.path, events.object, events.is_web, events.is_machine,
    events.occurred_at, events.value, events.properties,
    case
        when events.name = 'page_viewed' then case
            when path like '/pricing%' then 'pricing_page_viewed'
            when path like '/product/%' or path like '/features%' then 'product_page_viewed'
            when path like '/shop/sale%' then 'sale_page_viewed'
            when path like '/case-studies/%' then 'case_study_viewed'
            when path like '/compare/%' then 'comparison_page_viewed'
            when path = '/demo' then 'demo_page_viewed'
            when path like '/security%' then 'security_page_viewed'
            when path = '/roi-calculator' then 'roi_tool_used'
            when path like '/docs/%' then 'documentation_viewed'
            when path like '/careers%' then 'careers_page_viewed'
            when path like '/blog%' then 'blog_page_viewed'
            else 'page_viewed'
        end
        when events.name = 'content_downloaded' then case
            when object like 'case-studies/%' then 'case_study_downloaded'
            when object like 'guides/integration%' then 'integration_guide_downloaded'
            when object like 'security/%' then 'security_document_downloaded'
            else 'content_downloaded'
        end
        when events.name = 'video_watched' and object like 'product-demo%'
            then 'product_demo_watched'
        when events.name = 'link_clicked' and regexp_matches(
            object, '://reviews[.]|://.*[.](g2|trustradius|trustpilot)[.]com/|://.*[.]capterra[.]'
        ) then 'review_site_clicked'
        when events.name = 'email_clicked' and link like '%utm_content=cta%' then 'email_cta_clicked'
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

-- Orders of which something was given back; who does not say how much means everything.
create temp table refunds as
select
    profile_id, object,
    round(sum(abs(value)) filter (behavior <> 'order_completed'), 4) as refunded,
    case
        when bool_or(value is null) filter (behavior <> 'order_completed') then true
        when max(value) filter (behavior = 'order_completed') is null
            then bool_or(behavior = 'order_cancelled')
        else
            refunded >= max(value) filter (behavior = 'order_completed') - 0.005
            and (refunded > 0 or bool_or(behavior = 'order_cancelled'))
    end as is_whole
from events
where
    behavior in ('order_completed', 'order_cancelled', 'order_refunded') and object is not null
group by profile_id, object
having bool_or(behavior <> 'order_completed');

create temp table catalogue as
select behavior, broader_behavior as broader, stage, weight
from read_csv(getvariable('behaviors'));

-- A page that is loaded again within half a minute was viewed once; its visit goes on.
create temp table human_events as
with pages as (
    select
        events.*,
        is_web and (behavior = 'page_viewed' or coalesce(broader = 'page_viewed', false))
            as is_view,
        occurred_at - lag(occurred_at) over (
            partition by profile_id, device, path, is_view, is_machine
            order by occurred_at, event_id
        ) as since_last_view
    from events
    left join catalogue using (behavior)
),

meant as (
    select
        pages.* replace (
            case
                when is_view and since_last_view <= interval 30 second then 'page_reloaded'
                when is_whole then 'order_taken_back'
                else behavior
            end as behavior,
            value - coalesce(refunded, 0) as value
        )
    from pages
    left join refunds
        on
            pages.behavior = 'order_completed'
            and pages.profile_id = refunds.profile_id and pages.object = refunds.object
)

select meant.*, broader, stage, coalesce(weight, 0) as weight
from meant
left join catalogue using (behavior)
where not is_machine;

create temp table worth as
with orders as (
    select
        profile_id, value, occurred_at,
        coalesce(upper(properties ->> 'currency'), 'GBP') as currency,
        first_value(currency) over (partition by profile_id order by occurred_at desc, value desc)
            as latest_currency
    from human_events
    where behavior = 'order_completed'
    -- Of copies the largest amount.
    qualify
        row_number() over (
            partition by profile_id, coalesce(object, event_id)
            order by value desc nulls last, occurred_at desc
        ) = 1
)

select
    profile_id,
    any_value(currency) as order_currency,
    coalesce(
        round(sum(value) filter (occurred_at > getvariable('as_of') - interval 365 day), 4), 0
    ) as order_value_365d,
    coalesce(round(avg(value), 4), 0) as average_order_value,
    coalesce(round(arg_max(value, (occurred_at, value)), 4), 0) as last_order_value
from orders
where currency = latest_currency
group by profile_id;

create temp table counted as
with ages as (
    select *, epoch_us(getvariable('as_of') - occurred_at) / 86400e6 as age from human_events
)

select
    profile_id,
    count(*) filter (weight > 0 and age < 90) as engagement_count_90d,
    count(*) filter (stage in ('consideration', 'decision') and age < 14) as research_count_14d,
    count(*) filter (stage in ('consideration', 'decision') and age >= 14 and age < 28)
        as research_count_previous_14d,
    count(*) filter (stage = 'decision' and age < 14) as decision_stage_count_14d,
    count(*) filter (stage = 'decision' and age < 30) as decision_stage_count_30d,
    count(*) filter ((behavior = 'page_viewed' or broader = 'page_viewed') and age < 180)
        as page_viewed_count_180d,
    count(*) filter (behavior = 'pricing_page_viewed' and age < 7) as pricing_page_viewed_count_7d,
    count(*) filter (behavior = 'pricing_page_viewed' and age < 30)
        as pricing_page_viewed_count_30d,
    count(*) filter (behavior = 'comparison_page_viewed' and age < 30)
        as comparison_page_viewed_count_30d,
    count(*) filter (behavior = 'sale_page_viewed' and age < 30) as sale_page_viewed_count_30d,
    count(*) filter (behavior = 'careers_page_viewed' and age < 180)
        as careers_page_viewed_count_180d,
    count(*) filter (behavior = 'review_site_clicked' and age < 30)
        as review_site_clicked_count_30d,
    count(*) filter (name = 'content_downloaded' and age < 90) as content_downloaded_count_90d,
    count(*) filter (behavior = 'case_study_downloaded' and age < 30)
        as case_study_downloaded_count_30d,
    count(*) filter (behavior = 'case_study_downloaded' and age < 90)
        as case_study_downloaded_count_90d,
    count(*) filter (behavior = 'integration_guide_downloaded' and age < 30)
        as integration_guide_downloaded_count_30d,
    count(*) filter (name = 'email_clicked' and age < 1) as email_clicked_count_1d,
    count(*) filter (behavior = 'email_cta_clicked' and age < 14) as email_cta_clicked_count_14d,
    count(*) filter (behavior = 'email_complained') as email_complained_count_ever,
    count(*) filter (behavior = 'product_viewed' and age < 14) as product_viewed_count_14d,
    count(*) filter (behavior = 'product_viewed' and age < 180) as product_viewed_count_180d,
    count(*) filter (behavior = 'order_completed' and age < 14) as order_completed_count_14d,
    count(*) filter (behavior = 'product_used' and age < 14) as product_used_count_14d,
    count(*) filter (behavior = 'product_used' and age >= 14 and age < 28)
        as product_used_count_previous_14d,
    count(*) filter (behavior = 'product_used' and age < 30) as product_used_count_30d,
    count(*) filter (behavior = 'product_used' and age >= 30 and age < 60)
        as product_used_count_previous_30d,
    count(distinct coalesce(object, event_id)) filter (behavior = 'order_completed') as order_count,
    count(distinct coalesce(object, event_id)) filter (
        behavior = 'order_completed'
        and (
            (properties ->> 'coupon') <> ''
            or try_cast((properties ->> 'discount') as double) > 0
        )
    ) as discounted_order_count,
    max(value) filter (name = 'video_watched' and age < 30) as longest_video_seconds_30d,
    max(value) filter (behavior = 'product_demo_watched' and age < 180) as longest_product_demo_seconds_180d,
    max(occurred_at) filter (
        (behavior = 'page_viewed' or broader = 'page_viewed') and age < 30
    ) > min(occurred_at) filter (name = 'content_downloaded' and age < 30) as took_then_viewed,
    max(occurred_at) filter (weight > 0) as last_engaged_at,
    min(occurred_at) filter (behavior = 'order_completed') as first_order_at,
    max(occurred_at) filter (behavior = 'order_completed') as last_order_at,
    min(occurred_at) filter (behavior = 'deal_won') as won_at,
    max(occurred_at) filter (
        behavior in ('order_completed', 'deal_won', 'subscription_renewed', 'product_used')
    ) as last_activity_at,
    max(occurred_at) filter (behavior = 'deal_lost') as last_lost_at,
    max(occurred_at) filter (stage in ('consideration', 'decision')) as last_researched_at,
    bool_or(behavior in ('email_hard_bounced', 'email_complained', 'email_unsubscribed'))
        as suppressed,
    max(occurred_at) filter (behavior = 'loyalty_joined') as joined_at,
    max(occurred_at) filter (behavior = 'loyalty_left') as left_at,
    sum(weight * pow(2, -epoch(getvariable('as_of') - occurred_at) / (14 * 86400.0)))
        filter (weight > 0) as score
from ages
group by profile_id;

create temp table forms as
select
    profile_id,
    bool_or(
        coalesce(
            started_at > getvariable('as_of') - interval 7 day
            and started_at < getvariable('as_of') - interval 1 hour
            and (sent_at is null or sent_at <= started_at), false
        )
    ) as has_abandoned_form
from (
    select
        profile_id, coalesce(object, '') as form,
        max(occurred_at) filter (behavior = 'form_started') as started_at,
        max(occurred_at) filter (behavior = 'form_submitted') as sent_at
    from human_events
    where behavior in ('form_started', 'form_submitted')
    group by all
)
group by profile_id;

create temp table categories as
select profile_id, max(views) as top_category_view_count_14d
from (
    select profile_id, properties ->> 'category' as category, count(*) as views
    from human_events
    where
        behavior = 'product_viewed' and (properties ->> 'category') is not null
        and occurred_at > getvariable('as_of') - interval 14 day
    group by all
)
group by profile_id;

-- What is still in a cart.
create temp table left_things as
with shop as (
    select
        profile_id, event_id, behavior, value, occurred_at, properties ->> 'cart_id' as cart,
        coalesce(properties ->> 'product_id', object) as product,
        coalesce(properties ->> 'product_name', properties ->> 'name') as name,
        coalesce(properties ->> 'cart_url', properties ->> 'url') as link,
        coalesce(try_cast(properties ->> 'quantity' as double), 1) as pieces,
        json_extract_string(properties, '$.products[*].product_id') as bought
    from human_events
    where behavior in (
        'cart_item_added', 'cart_item_removed', 'cart_emptied', 'checkout_started',
        'order_completed'
    )
),

latest as (
    select * from shop
    where behavior in ('cart_item_added', 'checkout_started')
    qualify row_number() over (
        partition by
            profile_id, behavior, cart, if(behavior = 'cart_item_added', product, null)
        order by occurred_at desc, event_id
    ) = 1
)

select * from latest
where not exists (
    select 1 from shop
    where
        shop.profile_id = latest.profile_id and shop.occurred_at > latest.occurred_at
        and (shop.cart = latest.cart or shop.cart is null or latest.cart is null)
        and (
            shop.behavior = 'order_completed' and (
                latest.behavior = 'checkout_started' or shop.cart = latest.cart
                or len(shop.bought) = 0 or list_contains(shop.bought, latest.product)
            )
            or latest.behavior = 'cart_item_added' and (
                shop.behavior = 'cart_emptied'
                or shop.behavior = 'cart_item_removed'
                and (shop.product is null or shop.product = latest.product)
            )
        )
);

create temp table carts as
select
    profile_id,
    max(occurred_at) filter (behavior = 'cart_item_added') as last_cart_at,
    max(occurred_at) filter (behavior = 'checkout_started') as last_checkout_at,
    string_agg(
        coalesce(name, product), ', '
        order by occurred_at desc, cart nulls last, product nulls last
    ) filter (behavior = 'cart_item_added') as cart_items,
    first(link order by occurred_at desc, cart nulls last, product nulls last)
        filter (behavior = 'cart_item_added') as cart_link,
    round(sum(value * pieces) filter (behavior = 'cart_item_added'), 4) as cart_value
from left_things group by profile_id;

create temp table unbought as
with views as (
    select profile_id, coalesce(properties ->> 'product_id', object) as product,
        max(occurred_at) as viewed_at
    from human_events
    where
        behavior = 'product_viewed' and occurred_at > getvariable('as_of') - interval 14 day
    group by all
),

orders as (
    select
        profile_id, occurred_at,
        json_extract_string(properties, '$.products[*].product_id') as bought
    from human_events where behavior = 'order_completed'
)

select profile_id, count(*) as unbought_product_count_14d
from views
where not exists (
    select 1 from orders
    where
        orders.profile_id = views.profile_id and orders.occurred_at >= views.viewed_at
        and (
            views.product is null or len(orders.bought) = 0
            or list_contains(orders.bought, views.product)
        )
)
group by profile_id;

create temp table visit_events as
with gaps as (
    select
        profile_id, device, event_id, behavior, broader, occurred_at,
        occurred_at - lag(occurred_at) over (partition by profile_id, device order by occurred_at)
            >= interval 30 minute as is_new
    from human_events where is_web
)

select
    *,
    sum(cast(coalesce(is_new, false) as int)) over (
        partition by profile_id, device order by occurred_at range unbounded preceding
    ) as visit
from gaps;

create temp table page_times as
select
    profile_id,
    round(sum(epoch(coalesce(next_at, ended_at) - occurred_at)), 6) as product_page_seconds_7d
from (
    select
        profile_id, behavior, occurred_at,
        lead(occurred_at) over (
            partition by profile_id, device, visit order by occurred_at, event_id
        ) as next_at,
        ended_at
    from visit_events
    inner join (
        select profile_id, device, visit, max(occurred_at) as ended_at
        from visit_events group by all
    ) using (profile_id, device, visit)
    where (behavior = 'page_viewed' or broader = 'page_viewed')
)
where
    behavior = 'product_page_viewed' and occurred_at > getvariable('as_of') - interval 7 day
group by profile_id;

create temp table visited as
select
    profile_id,
    count(*) filter (started_at > getvariable('as_of') - interval 7 day) as visit_count_7d,
    count(*) filter (
        not asked and demo_at > getvariable('as_of') - interval 7 day
        and ended_at <= getvariable('as_of') - interval 30 minute and page_at = demo_at
    ) as demo_page_viewed_bounce_count_7d,
    count(*) filter (
        not asked and demo_at > getvariable('as_of') - interval 7 day
        and ended_at <= getvariable('as_of') - interval 30 minute and page_at > demo_at
    ) as demo_page_viewed_hesitation_count_7d,
    count(*) filter (blog_at > getvariable('as_of') - interval 30 day)
        as blog_page_viewed_visits_30d,
    max(started_at) as last_visit_started_at,
    max(started_at) filter (started_at >= before + interval 4 hour) as last_returned_at,
    max(before) filter (started_at >= before + interval 4 hour) as last_away_since_at,
    min(started_at) filter (started_at > getvariable('as_of') - interval 7 day)
        as week_returned_at,
    max(ended_at) filter (started_at <= getvariable('as_of') - interval 7 day)
        as week_away_since_at,
    max(ended_at) as last_visit_ended_at
from (
    select
        *,
        max(ended_at) over (
            partition by profile_id order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ) as before
    from (
        select
            profile_id,
            min(occurred_at) as started_at,
            max(occurred_at) as ended_at,
            bool_or(behavior = 'demo_requested') as asked,
            max(occurred_at) filter (behavior = 'demo_page_viewed') as demo_at,
            max(occurred_at) filter (behavior = 'blog_page_viewed') as blog_at,
            max(occurred_at) filter (behavior = 'page_viewed' or broader = 'page_viewed')
                as page_at
        from visit_events group by profile_id, device, visit
    )
)
group by profile_id;

create temp table mailed as
with messages as (
    select
        profile_id, object,
        min(occurred_at) filter (name in ('email_delivered', 'email_opened', 'email_clicked'))
            as delivered_at,
        coalesce(
            bool_or(name in ('email_opened', 'email_clicked') and not is_machine), false
        ) as opened,
        max(occurred_at) filter (name = 'email_clicked' and not is_machine) as last_clicked_at
    from events where starts_with(name, 'email_') and object is not null
    group by profile_id, object
)

select
    profile_id,
    count(*) filter (is_valid) as counted_emails,
    coalesce(min(place) filter (is_valid and not opened) - 1, counted_emails)
        as consecutive_emails_opened,
    coalesce(min(place) filter (is_valid and opened) - 1, counted_emails)
        as consecutive_emails_ignored,
    coalesce(min(place) filter (is_valid and last_clicked_at is not null) - 1, counted_emails)
        as consecutive_emails_not_clicked,
    round(count(*) filter (is_valid and opened and place <= 20) / nullif(least(counted_emails, 20), 0), 4)
        as email_open_rate,
    max(last_clicked_at) as last_email_clicked_at,
    count(*) filter (is_valid and opened and place <= 10) as emails_opened_of_last_10,
    count(*) filter (is_valid and opened and place between 11 and 20)
        as emails_opened_of_previous_10
from (
    select
        profile_id, opened, last_clicked_at,
        max(delivered_at) over (partition by profile_id)
            > getvariable('as_of') - interval 90 day as is_valid,
        row_number() over (partition by profile_id order by delivered_at desc, object desc)
            as place
    from messages
    where
        delivered_at is not null
        and (opened or delivered_at <= getvariable('as_of') - interval 72 hour)
)
group by profile_id;

create temp table double_clicked as
with clicks as (
    select profile_id, object, occurred_at from events
    where name = 'email_clicked' and not is_machine and object is not null
)

select profile_id, max(later.occurred_at) as last_double_click_at
from clicks as later
inner join clicks as earlier using (profile_id)
where
    later.object <> earlier.object
    and later.occurred_at between earlier.occurred_at and earlier.occurred_at + interval 24 hour
group by profile_id;

create temp table evaluated as
with second_views as (
    select profile_id, occurred_at as viewed_at from human_events
    where
        behavior = 'pricing_page_viewed' and occurred_at > getvariable('as_of') - interval 30 day
    qualify row_number() over (partition by profile_id order by occurred_at) = 2
),

studies as (
    select profile_id, min(occurred_at) as studied_at
    from human_events
    inner join second_views using (profile_id)
    where behavior = 'case_study_downloaded' and occurred_at > viewed_at
    group by profile_id
),

visits as (
    select profile_id, min(occurred_at) as started_at
    from visit_events group by profile_id, device, visit
)

select distinct profile_id, true as did_evaluate
from studies
inner join visits using (profile_id)
where started_at >= studied_at + interval 3 day;

create temp table stated as
with ranked as (
    select
        identifiers.profile_id, people.*,
        row_number() over (
            partition by identifiers.profile_id
            order by
                crm_contact_id is null, stated_at desc, crm_contact_id, people.email, title
        ) as place
    from people
    inner join identifiers
        on
            identifiers.kind = case
                when people.user_id is not null then 'user_id'
                when people.crm_contact_id is not null then 'crm_contact_id'
                when people.email is not null then 'email'
                else 'phone'
            end
            and identifiers.value = coalesce(user_id, crm_contact_id, people.email, phone)
    where stated_at <= getvariable('as_of')
)

select
    profile_id,
    bool_or(opted_out) as opted_out,
    arg_min(stage, place) filter (stage is not null) as stage,
    arg_min(company, place) filter (company is not null) as company,
    arg_min(lead_status, place) filter (lead_status is not null) as lead_status,
    arg_min(roles, place) filter (roles is not null) as roles,
    arg_min(customer_since, place) filter (customer_since is not null) as customer_since,
    arg_min(verified_at, place) filter (verified_at is not null) as verified_at,
    arg_min(title, place) filter (title is not null) as title
from ranked
group by profile_id;

create temp table companies as
select
    cast(id as varchar) as company, lower(property_domain) as domain,
    lower(property_industry) as industry, lower(property_country) as country,
    property_numberofemployees as employees
from read_parquet(getvariable('raw') || '/hubspot/companies/*.parquet')
where not is_deleted and property_createdate <= getvariable('as_of');

create temp table belongings as
with addresses as (
    select profile_id, value, last_at, split_part(value, '@', 2) as domain
    from identifiers where kind = 'email'
),

business as (
    select profile_id, arg_max(domain, (last_at, -place)) as domain
    from (select *, row_number() over (order by value) as place from addresses)
    where domain not in (from read_csv(getvariable('free_mail')))
    group by profile_id
),

competitors as (
    select distinct profile_id
    from addresses
    inner join read_csv(getvariable('competitors')) as rivals
        on addresses.domain = rivals.domain or ends_with(addresses.domain, '.' || rivals.domain)
)

select
    profile_id, business.domain, companies.domain as company_domain,
    competitors.profile_id is not null as is_competitor,
    coalesce(companies.company, owners.company) as company,
    case
        when companies.company is not null then 'company:' || companies.company
        when owners.company is not null then 'company:' || owners.company
        else 'domain:' || business.domain
    end as account_id
from (select distinct profile_id from identifiers)
left join stated using (profile_id)
left join companies on stated.company = companies.company
left join business using (profile_id)
left join (select domain, min(company) as company from companies group by domain) as owners
    on business.domain = owners.domain
left join competitors using (profile_id);

-- Why somebody was in a stage of the lifecycle, since when and until when.
create temp table spans as
with people as (
    select
        profile_id, min(first_at) as first_at,
        min(first_at) filter (kind <> 'anonymous_id') as known_at
    from identifiers group by profile_id
),

begun as (
    select
        profile_id, 6 as stage, behavior as reason, occurred_at as began_at,
        if(behavior = 'order_completed', occurred_at + interval 365 day, null) as lapsed_at
    from human_events
    where behavior in ('order_completed', 'deal_won', 'subscription_renewed')
    union all
    select profile_id, 5, behavior, occurred_at, occurred_at + interval 90 day
    from human_events where behavior in ('demo_requested', 'trial_started')
    union all
    select
        profile_id, 6, 'crm',
        if(customer_since <= getvariable('as_of'), customer_since, timestamp '2000-01-01'), null
    from stated where stage in ('customer', 'evangelist')
),

endings as (
    select profile_id, unnest([5, 6]) as stage, occurred_at as ended_at
    from human_events where behavior = 'subscription_cancelled'
    union all
    select profile_id, 5, occurred_at
    from human_events
    where behavior in ('deal_won', 'deal_lost', 'order_completed', 'subscription_renewed')
),

spans as (
    select
        begun.profile_id, begun.stage, reason, began_at,
        least(lapsed_at, min(endings.ended_at)) as ended_at
    from begun
    left join endings
        on
            begun.profile_id = endings.profile_id and begun.stage = endings.stage
            and endings.ended_at > began_at
    group by begun.profile_id, begun.stage, reason, began_at, lapsed_at
    union all
    select
        profile_id, 5, 'deal_created', min(occurred_at) filter (behavior = 'deal_created'),
        min(occurred_at) filter (behavior <> 'deal_created')
    from human_events where behavior in ('deal_created', 'deal_won', 'deal_lost')
    group by profile_id, object
    union all
    select
        profile_id, 3, 'engaged', greatest(min(occurred_at), any_value(known_at)),
        max(occurred_at) + interval 30 day
    from human_events inner join people using (profile_id)
    where weight > 0 and known_at is not null
    group by profile_id, cast(occurred_at as date)
    union all
    select profile_id, 2, 'known', known_at, null from people where known_at is not null
    union all
    select profile_id, 1, 'seen', first_at, null from people
)

select * replace (if(ended_at <= getvariable('as_of'), ended_at, null) as ended_at)
from spans
where ended_at is null or ended_at > began_at;

create temp table lifecycles as
with stages as (
    from spans
    union all
    select profile_id, 4, 'former', min(ended_at), null
    from spans where stage = 6 and ended_at is not null group by profile_id
),

instants as (
    select profile_id, began_at as turned_at from stages
    union
    select profile_id, ended_at from stages where ended_at is not null
),

followed as (
    select
        instants.profile_id, turned_at, max(stage) as stage,
        lag(max(stage)) over (partition by instants.profile_id order by turned_at) as before
    from instants
    inner join stages
        on
            instants.profile_id = stages.profile_id and turned_at >= began_at
            and (ended_at is null or turned_at < ended_at)
    group by instants.profile_id, turned_at
)

select
    profile_id, max(turned_at) as since_at, arg_max(stage, turned_at) as number,
    ['anonymous', 'lead', 'engaged', 'former_customer', 'opportunity', 'customer'][number]
        as lifecycle_stage,
    number = 6 as is_customer,
    bool_or(stage = 6) and not is_customer as is_former_customer
from followed
where stage is distinct from before
group by profile_id;

create temp table reasons as
select
    profile_id,
    bool_or(reason = 'demo_requested') as has_asked,
    bool_or(reason = 'trial_started') as has_trial,
    bool_or(reason = 'deal_created') as has_open_deal
from spans where ended_at is null group by profile_id;

create temp table fits as
with facts as (
    select
        belongings.profile_id, industry, country, employees, lower(title) as title
    from belongings
    left join companies using (company)
    left join stated on belongings.profile_id = stated.profile_id
),

rules as (
    select *, replace(pattern, '*', '%') as wild from read_csv(getvariable('fit_rules'))
),

best as (
    select profile_id, attribute, max(points) as points
    from facts
    inner join rules
        on case attribute
            when 'industry' then industry like wild
            when 'country' then country like wild
            when 'role' then title like wild
            else employees between coalesce(at_least, 0) and coalesce(at_most, 1e12)
        end
    group by all
)

select profile_id, sum(points) as fit, count(*) = 4 as is_complete
from best group by profile_id;

create or replace table baseline_traits as
with profiles as (
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
        * exclude (company),
        coalesce(round(score, 4), 0) as engagement,
        coalesce(fit, 0) as points
    from profiles
    left join counted using (profile_id)
    left join forms using (profile_id)
    left join categories using (profile_id)
    left join carts using (profile_id)
    left join unbought using (profile_id)
    left join page_times using (profile_id)
    left join visited using (profile_id)
    left join mailed using (profile_id)
    left join double_clicked using (profile_id)
    left join evaluated using (profile_id)
    left join stated using (profile_id)
    left join (
        select * exclude (domain, company), domain as business_domain from belongings
    ) using (profile_id)
    left join lifecycles using (profile_id)
    left join reasons using (profile_id)
    left join fits using (profile_id)
    left join worth using (profile_id)
),

users as (
    select
        profile_id,
        product_used_count_30d > 0
        and (rank() over (order by coalesce(product_used_count_30d, 0) desc) - 1) * 10
        < count(*) over () as is_top
    from joined where is_customer
)

select
    coalesce(
        columns(
            '^(.*_(count|visits)_.*|.*order_count|longest_.*|product_page_.*|counted_emails'
            '|.*emails_.*)$'
        ), 0
    ) as '\0',
    profile_id,
    account_id,
    lifecycle_stage,
    case when points >= 75 then 'A' when points >= 50 then 'B' when points >= 25 then 'C' else 'D' end
    || case
        when engagement >= 50 then '1' when engagement >= 20 then '2'
        when engagement >= 5 then '3' else '4'
    end as grade,
    engagement as engagement_score,
    points as fit_score,
    order_currency,
    coalesce(order_value_365d, 0) as order_value_365d,
    coalesce(average_order_value, 0) as average_order_value,
    coalesce(last_order_value, 0) as last_order_value,
    coalesce(email_open_rate, 0) as email_open_rate,
    is_identified,
    is_customer,
    lifecycle_stage in ('opportunity', 'customer') as has_converted,
    is_former_customer,
    coalesce(has_asked, false) as has_open_demo_request,
    coalesce(has_trial, false) and not is_customer as is_on_trial,
    coalesce(has_open_deal, false) as has_open_deal,
    has_email and not coalesce(suppressed, false) and not coalesce(opted_out, false)
        as is_email_reachable,
    coalesce(took_then_viewed, false) as did_content_downloaded_then_page_viewed_30d,
    coalesce(did_evaluate, false) as did_2_pricing_page_viewed_then_case_study_downloaded_dec90b45,
    coalesce(
        last_cart_at > getvariable('as_of') - interval 7 day
        and last_cart_at < getvariable('as_of') - interval 1 hour, false
    ) as has_abandoned_cart,
    coalesce(
        last_checkout_at > getvariable('as_of') - interval 7 day
        and last_checkout_at < getvariable('as_of') - interval 1 hour, false
    ) as has_abandoned_checkout,
    if(has_abandoned_cart, cart_items, null) as abandoned_cart_items,
    if(has_abandoned_cart, cart_link, null) as abandoned_cart_link,
    if(has_abandoned_cart, coalesce(cart_value, 0), 0) as abandoned_cart_value,
    coalesce(unbought_product_count_14d, 0) as unbought_product_count_14d,
    coalesce(has_abandoned_form, false) as has_abandoned_form,
    coalesce(joined_at > left_at, joined_at is not null) as is_loyalty_member,
    coalesce(is_top, false) as is_top_decile_user,
    coalesce(is_complete, false) as has_complete_fit,
    coalesce(verified_at < getvariable('as_of') - interval 180 day, false)
    or coalesce(
        business_domain <> company_domain and not ends_with(business_domain, '.' || company_domain),
        false
    ) as is_firmographics_stale,
    coalesce(list_contains(string_split(roles, ';'), 'DECISION_MAKER'), false) as is_decision_maker,
    is_competitor,
    coalesce(lead_status = 'UNQUALIFIED', false) as is_disqualified_in_crm,
    getvariable('as_of') as as_of,
    first_seen_at,
    last_engaged_at,
    last_double_click_at,
    last_email_clicked_at,
    last_order_at,
    nullif(since_at, timestamp '2000-01-01') as lifecycle_since_at,
    last_lost_at as last_deal_lost_at,
    last_researched_at,
    least(first_order_at, won_at, customer_since) as became_customer_at,
    if(is_customer, last_activity_at, null) as last_customer_activity_at,
    last_visit_started_at,
    last_visit_ended_at,
    last_returned_at,
    last_away_since_at,
    week_returned_at,
    week_away_since_at
from joined
left join users using (profile_id);
