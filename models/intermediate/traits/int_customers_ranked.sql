-- One row per customer: whether it belongs to the tenth that uses the product most.
with

customers as (
    select * from {{ ref('int_profile_states') }}
    where is_customer
),

counts as (
    select * from {{ ref('int_profile_behaviors_counted') }}
),

used as (
    select
        customers.profile_key,
        coalesce(counts.{{ times('product_used', within_days=30) }}, 0) as use_count
    from customers
    left join counts on customers.profile_key = counts.profile_key
),

ranked as (
    select
        *,
        rank() over (order by use_count desc) as use_rank,
        count(*) over () as customer_count
    from used
)

select
    profile_key,
    use_count > 0 and (use_rank - 1) * 10 < customer_count as is_top_decile_user

from ranked
