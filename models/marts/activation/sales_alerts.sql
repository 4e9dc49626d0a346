-- One row per person who lately entered a segment that sales acts on, and is still in it.
with

stays as (
    select
        *,
        segment || '|' || profile_id || '|'
        || cast(entered_at as {{ dbt.type_string() }}) as stay
    from {{ ref('segment_membership_history') }}
    where
        exited_at is null
        and {{ within_days('entered_at', var('sales_alert_days', 7)) }}
),

memberships as (
    select * from {{ ref('segment_members') }}
    where
        ';' || destinations || ';' like '%;sales_alerts;%'
        and is_addressable
),

-- Nobody can call a cookie.
profiles as (
    select * from {{ ref('profiles') }}
    where
        coalesce(email, phone, crm_contact_id) is not null
        and not is_shared_device
),

details as (
    select
        keys.profile_id,
        details.crm_owner_id
    from {{ ref('int_profile_details') }} as details
    inner join {{ ref('int_profiles') }} as keys on details.profile_key = keys.profile_key
),

owners as (
    select * from {{ ref('int_owners_stated') }}
),

suppressed as (
    select distinct profile_id from {{ ref('profile_suppressions') }}
)

select
    -- ids
    {{ dbt.hash('stays.stay') }} as alert_id,
    stays.profile_id,
    profiles.email,
    profiles.crm_contact_id,
    details.crm_owner_id,

    -- strings
    stays.segment,
    nullif({{ join_texts(' ', ['profiles.first_name', 'profiles.last_name']) }}, '') as name,
    profiles.company_name as company,
    owners.email as owner,
    memberships.reason,
    replace(
        nullif('{{ var("crm_contact_url") }}', ''),
        '{crm_contact_id}',
        profiles.crm_contact_id
    ) as link,

    -- timestamps
    stays.entered_at,
    memberships.as_of

from stays
inner join memberships
    on stays.segment = memberships.segment and stays.profile_id = memberships.profile_id
inner join profiles on stays.profile_id = profiles.profile_id
left join details on stays.profile_id = details.profile_id
left join owners on details.crm_owner_id = owners.owner_id
left join suppressed on stays.profile_id = suppressed.profile_id
where suppressed.profile_id is null
