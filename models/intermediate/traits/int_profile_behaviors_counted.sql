-- One row per profile that did anything: how often each behavior that some model asks about
-- happened in its windows, and when the behaviors that other traits need happened first or last.
{{ config(pre_hook='{{ check_behaviors(ref("behaviors")) }}') }}

with

events as (
    select
        *,
        {{ as_of() }} - occurred_at as age,
        {{ seconds_between('occurred_at', as_of()) }} as age_seconds
    from {{ ref('int_events_resolved') }}
    where is_human and occurred_at <= {{ as_of() }}
)

select
    -- ids
    profile_key,

    -- numbers
    {%- for trait in counted_traits() %}
    count(
        case when {{ counts_as(trait.behavior) }}
            and {{ age_within(trait.window) }} then 1 end
    ) as {{ trait.column }},
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
