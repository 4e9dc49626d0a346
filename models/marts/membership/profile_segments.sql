-- One row per person who is in a segment: all segments, and the primary one to speak to them about.
with

memberships as (
    select * from {{ ref('segment_memberships') }}
),

stays as (
    select * from {{ ref('segment_membership_history') }}
    where exited_at is null
),

catalog as (
    select * from {{ ref('segment_catalog') }}
),

traits as (
    select * from {{ ref('profile_traits') }}
),

candidates as (
    select
        memberships.profile_id,
        memberships.segment,
        catalog.priority,
        stays.entered_at,
        {{ fits_lifecycle('catalog.goal', 'traits.is_customer') }} as fits_lifecycle,
        case
            when '{{ var("primary_segment_by") }}' = 'score'
                then -1 * catalog.weight * traits.engagement_score
            else catalog.priority
        end as preference
    from memberships
    inner join catalog on memberships.segment = catalog.segment
    inner join traits on memberships.profile_id = traits.profile_id
    left join stays
        on memberships.segment = stays.segment and memberships.profile_id = stays.profile_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, fits_lifecycle order by preference, entered_at, segment
        ) as preference_rank
    from candidates
)

select
    -- ids
    profile_id,

    -- strings
    max(case when fits_lifecycle and preference_rank = 1 then segment end) as primary_segment,
    {{ text_list('segment', ';', 'segment') }} as segments,

    -- numbers
    cast(count(*) as integer) as segment_count,

    -- timestamps
    max(case when fits_lifecycle and preference_rank = 1 then entered_at end)
        as primary_segment_entered_at

from ranked
group by profile_id
