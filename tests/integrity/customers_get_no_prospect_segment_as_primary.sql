-- A customer's primary segment never has the goal to win a prospect over.
-- A row is a customer with such a primary segment.
select
    profile_segments.profile_id,
    profile_segments.primary_segment

from {{ ref('profile_segments') }} as profile_segments
inner join {{ ref('profile_traits') }} as profile_traits
    on profile_segments.profile_id = profile_traits.profile_id
inner join {{ ref('segment_catalog') }} as segment_catalog
    on profile_segments.primary_segment = segment_catalog.segment
where profile_traits.is_customer and segment_catalog.goal = 'convert'
