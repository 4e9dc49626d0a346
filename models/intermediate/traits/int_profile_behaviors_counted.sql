-- One row per profile that did anything: how often each behavior that some model asks about
-- happened in its windows, and when the behaviors that other traits need happened first or last.
{% set visits_are_counted = counted_traits() | selectattr('counting', 'equalto', 'visits') | list %}
{{ config(pre_hook='{{ check_behaviors(ref("behaviors")) }}') }}

with

resolved as (
    select
        *,
        {{ as_of() }} - occurred_at as age,
        {{ seconds_between('occurred_at', as_of()) }} as age_seconds,
        case
            when family = 'web' then page_path
            when family = 'email' then {{ dbt.concat(['source', "'|'", 'object_id']) }}
            when family = 'shop' and behavior not like 'order%' then product_id
            else object_id
        end as object_key
    from {{ ref('int_events_resolved') }}
    where is_human and occurred_at <= {{ as_of() }}
),

web_events as (
    select * from {{ ref('int_web_events_sequenced') }}
),

events as (
    select
        resolved.*,
        {%- if visits_are_counted %}
        {{ dbt.concat([
            'web_events.visit_device_id', "'|'",
            'cast(web_events.visit_number as ' ~ dbt.type_string() ~ ')',
        ]) }} as visit_key
        {%- else %}
        cast(null as {{ dbt.type_string() }}) as visit_key
        {%- endif %}
    from resolved
    {%- if visits_are_counted %}
    left join web_events
        on resolved.source = web_events.source and resolved.event_id = web_events.event_id
    {%- endif %}
)

select
    -- ids
    profile_key,

    -- numbers
    {%- for trait in counted_traits() %}
    {{ count_of(trait.behavior, trait.window, trait.counting) }} as {{ trait.column }},
    {%- endfor %}
    count(distinct case when behavior = 'order_completed' then coalesce(object_id, event_id) end)
        as order_count,
    count(distinct case when is_discounted then coalesce(object_id, event_id) end)
        as discounted_order_count,
    max(
        case
            when {{ counts_as('video_watched') }}
                and {{ age_within(30) }}
                and value > 0
                then value
        end
    ) as longest_video_seconds_30d,
    max(
        case
            when behavior = 'product_demo_watched'
                and {{ age_within(180) }}
                and value > 0
                then value
        end
    ) as longest_product_demo_seconds_180d,
    -- Points halve every half-life. Whole billionths are added up, because a sum of fractions
    -- depends on the order in which an engine adds.
    cast(sum(
        case
            when is_engagement
                then cast(floor(
                    cast(weight as {{ type_double() }}) * 1000000000 * power(
                        cast(0.5 as {{ type_double() }}), age_seconds / {{ half_life_seconds() }}
                    ) + 0.5
                ) as bigint)
        end
    ) as {{ type_double() }}) / 1000000000 as engagement_points,

    -- timestamps
    max(case when is_engagement then occurred_at end) as last_engaged_at,
    min(case when behavior = 'order_completed' then occurred_at end) as first_order_at,
    max(case when behavior = 'order_completed' then occurred_at end) as last_order_at,
    min(case when behavior = 'deal_won' then occurred_at end) as first_deal_won_at,
    max(
        case
            when behavior in ('order_completed', 'deal_won', 'subscription_renewed', 'product_used')
                then occurred_at
        end
    ) as last_purchase_or_use_at,
    max(case when behavior = 'deal_lost' then occurred_at end) as last_deal_lost_at,
    max(case when {{ counts_as('research') }} then occurred_at end)
        as last_researched_at,
    max(case when behavior = 'loyalty_joined' then occurred_at end) as last_loyalty_joined_at,
    max(case when behavior = 'loyalty_left' then occurred_at end) as last_loyalty_left_at

from events
group by profile_key
