-- One row per person who may be mailed, with the one e-mail list that fits: active, nurture, pause.
with

contacts as (
    select * from {{ ref('crm_contacts') }}
),

traits as (
    select * from {{ ref('profile_traits') }}
),

memberships as (
    select * from {{ ref('segment_memberships') }}
),

catalog as (
    select * from {{ ref('segment_catalog') }}
),

summarized as (
    select
        memberships.profile_id,
        max(
            case
                when catalog.goal = 'exclude' then 1
                when
                    memberships.segment in (
                        {% for segment in var('email_pause_segments') %}
                        '{{ segment }}'{{ ',' if not loop.last }}
                        {% endfor %}
                    )
                    then 1
                else 0
            end
        ) = 1 as is_paused,
        max(case when catalog.goal = 'reengage' then 1 else 0 end) = 1 as is_to_reengage
    from memberships
    inner join catalog on memberships.segment = catalog.segment
    group by memberships.profile_id
)

select
    -- ids
    contacts.profile_id,
    contacts.email,

    -- strings
    case
        when summarized.is_paused then 'pause'
        when {{ within_days('contacts.last_engaged_at', var('email_active_days')) }} then 'active'
        when
            {{ within_days('contacts.last_engaged_at', var('email_nurture_days')) }}
            or {{ within_days('traits.first_seen_at', var('email_nurture_days')) }}
            or summarized.is_to_reengage
            then 'nurture'
        else 'pause'
    end as list,
    contacts.first_name,
    contacts.last_name,
    contacts.primary_segment,

    -- timestamps
    contacts.as_of

from contacts
inner join traits on contacts.profile_id = traits.profile_id
left join summarized on contacts.profile_id = summarized.profile_id
