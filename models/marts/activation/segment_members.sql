-- One row per segment and person in it: what put them there, and whether they may be spoken to
-- about it.
with

memberships as (
    select * from {{ ref('segment_memberships') }}
),

catalog as (
    select * from {{ ref('segment_catalog') }}
),

traits as (
    select * from {{ ref('profile_traits') }}
),

account_traits as (
    select * from {{ ref('account_traits') }}
),

excluded as (
    select distinct memberships.profile_id
    from memberships
    inner join catalog on memberships.segment = catalog.segment
    where catalog.goal = 'exclude'
)

select
    -- ids
    memberships.segment,
    memberships.profile_id,

    -- strings
    catalog.goal,
    catalog.destinations,
    case memberships.segment
        {% for segment in segment_nodes() %}
        when '{{ segment.name }}' then {{ evidence_text(segment.config.meta.evidence) }}
        {% endfor %}
    end as reason,

    -- booleans
    excluded.profile_id is null
    and {{ fits_lifecycle('catalog.goal', 'traits.is_customer') }} as is_addressable,

    -- timestamps
    memberships.as_of

from memberships
inner join catalog on memberships.segment = catalog.segment
inner join traits on memberships.profile_id = traits.profile_id
left join account_traits on traits.account_id = account_traits.account_id
left join excluded on memberships.profile_id = excluded.profile_id
