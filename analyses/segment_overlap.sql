-- How many people two segments share, and how alike they are (1 means the same people).
with

memberships as (
    select * from {{ ref('segment_memberships') }}
),

sizes as (
    select
        segment,
        count(*) as people
    from memberships
    group by segment
),

shared as (
    select
        first_ones.segment as first_segment,
        second_ones.segment as second_segment,
        count(*) as people
    from memberships as first_ones
    inner join memberships as second_ones
        on
            first_ones.profile_id = second_ones.profile_id
            and first_ones.segment < second_ones.segment
    group by first_ones.segment, second_ones.segment
)

select
    shared.first_segment,
    shared.second_segment,
    shared.people,
    round(
        1.0 * shared.people / (first_sizes.people + second_sizes.people - shared.people), 3
    ) as jaccard

from shared
inner join sizes as first_sizes on shared.first_segment = first_sizes.segment
inner join sizes as second_sizes on shared.second_segment = second_sizes.segment
order by jaccard desc
