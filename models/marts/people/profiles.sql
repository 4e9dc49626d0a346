-- One row per person, known by name or not.
with

identifiers as (
    select * from {{ ref('profile_identifiers') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_id, identifier_type
            order by
                last_seen_at desc,
                -- Seen last at the same time: the CRM's word counts.
                case when is_crm then 0 else 1 end,
                observation_count desc,
                identifier_value
        ) as recency
    from identifiers
),

best as (
    select
        profile_id,
        max(case when identifier_type = 'user_id' then identifier_value end) as user_id,
        max(case when identifier_type = 'email' then identifier_value end) as email,
        max(case when identifier_type = 'phone' then identifier_value end) as phone,
        max(case when identifier_type = 'crm_contact_id' then identifier_value end)
            as crm_contact_id
    from ranked
    where recency = 1
    group by profile_id
),

summarized as (
    select
        profile_id,
        count(*) as identifier_count,
        count(case when identifier_type = 'user_id' then 1 end) as user_id_count,
        count(case when identifier_type = 'email' then 1 end) as email_count,
        count(case when identifier_type = 'phone' then 1 end) as phone_count,
        count(case when identifier_type = 'crm_contact_id' then 1 end) as crm_contact_id_count,
        count(case when identifier_type = 'anonymous_id' then 1 end) as anonymous_id_count,
        count(suppression_reason) as suppressed_count,
        count(
            case
                when
                    suppression_reason in ('hub', 'shared_identifier')
                    and identifier_type in ('anonymous_id', 'phone')
                    then 1
            end
        ) as shared_device_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from identifiers
    group by profile_id
)

select
    -- ids
    summarized.profile_id,
    best.user_id,
    best.email,
    best.phone,
    best.crm_contact_id,

    -- strings
    details.first_name,
    details.last_name,
    details.company_name,
    details.job_title,
    details.crm_lifecycle_stage,

    -- numbers
    summarized.identifier_count,
    summarized.user_id_count,
    summarized.email_count,
    summarized.phone_count,
    summarized.crm_contact_id_count,
    summarized.anonymous_id_count,

    -- booleans
    coalesce(best.user_id, best.email, best.phone, best.crm_contact_id) is not null
        as is_identified,
    summarized.shared_device_count = summarized.identifier_count as is_shared_device,
    summarized.suppressed_count > 0 as has_suppressed_identifiers,

    -- timestamps
    summarized.first_seen_at,
    summarized.last_seen_at

from summarized
inner join best on summarized.profile_id = best.profile_id
left join details on summarized.profile_id = details.profile_id
