-- One row per profile that viewed products lately: how often it viewed those of its favorite
-- category.
with

views as (
    select * from {{ ref('int_events_resolved') }}
    where
        is_human
        and behavior = 'product_viewed'
        and category is not null
        and occurred_at > {{ as_of() }} - interval '14' day
),

categories as (
    select
        profile_key,
        category,
        count(*) as view_count
    from views
    group by profile_key, category
)

select
    profile_key,
    max(view_count) as top_category_view_count_14d

from categories
group by profile_key
