-- One row per pair of segments that share people: how many, and how alike the two are. Two segments
-- with nearly the same people are one segment with two names.
with

memberships as (
    select * from {{ ref('segment_memberships') }}
),

sizes as (
    select
        segment,
        count(*) as people_count
    from memberships
    group by segment
),

pairs as (
    select
        memberships.segment as segment_a,
        others.segment as segment_b,
        count(*) as shared_count
    from memberships
    inner join memberships as others
        on
            memberships.profile_id = others.profile_id
            and memberships.segment < others.segment
    group by memberships.segment, others.segment
)

select
    -- strings
    pairs.segment_a,
    pairs.segment_b,

    -- numbers
    sizes.people_count as people_count_a,
    other_sizes.people_count as people_count_b,
    pairs.shared_count,
    {{ round_to('1.0 * pairs.shared_count'
        ~ ' / (sizes.people_count + other_sizes.people_count - pairs.shared_count)', 4) }}
        as jaccard,
    {{ round_to('1.0 * pairs.shared_count'
        ~ ' / least(sizes.people_count, other_sizes.people_count)', 4) }} as share_of_smaller,

    -- timestamps
    {{ as_of() }} as as_of

from pairs
inner join sizes on pairs.segment_a = sizes.segment
inner join sizes as other_sizes on pairs.segment_b = other_sizes.segment
