-- What HubSpot says about people, in the canonical shape of a statement about a person: one row
-- per contact, per further address of a contact, and per contact that was merged into another.
with

merged as (
    select * from {{ ref('stg_hubspot__merges') }}
),

-- A contact that was merged but is still in the table is an older name of the one it became.
contacts as (
    select
        contacts.*,
        merged.merged_into_id
    from {{ ref('stg_hubspot__contacts') }} as contacts
    left join merged on contacts.contact_id = merged.contact_id
),

named as (
    select
        *,
        coalesce(merged_into_id, contact_id) as named_id,
        email as named_email,
        phone as named_phone,
        case when is_deleted or merged_into_id is not null then 'gone' else 'contact' end
            as named_by
    from contacts
    -- A contact that is gone from the CRM says nothing more, but whoever said no still says no.
    where not is_deleted or is_email_opted_out or not coalesce(has_ad_consent, true)

    union all

    select
        contacts.*,
        coalesce(merged_into_id, contact_id) as named_id,
        {{ split_to_rows('additional_emails', ';') }} as named_email,
        {{ null_columns(['named_phone']) }},
        'address' as named_by
    from contacts {{ split_source('additional_emails', ';') }}
    where not is_deleted

    union all

    select
        contacts.*,
        merged.contact_id as named_id,
        contacts.email as named_email,
        contacts.phone as named_phone,
        'merge' as named_by
    from contacts
    inner join merged on contacts.contact_id = merged.merged_into_id
    where not contacts.is_deleted
)

select
    -- ids
    case when not is_deleted then {{ clean_id('named_id') }} end as crm_contact_id,
    {{ null_columns(['user_id']) }},
    {{ clean_email('named_email') }} as email,
    named_phone as phone,

    -- strings
    case when named_by = 'contact' then first_name end as first_name,
    case when named_by = 'contact' then last_name end as last_name,
    case when named_by = 'contact' then company_name end as company_name,
    case when named_by = 'contact' then job_title end as job_title,
    case when named_by = 'contact' then lifecycle_stage end as lifecycle_stage,
    case when named_by = 'contact' then company_id end as company_id,
    case when named_by = 'contact' then lead_status end as lead_status,
    case when named_by = 'contact' then buying_roles end as buying_roles,
    case when named_by = 'contact' then owner_id end as owner_id,
    case when named_by = 'contact' then crm_properties end as crm_properties,

    -- booleans
    named_by in ('contact', 'gone') and is_email_opted_out as is_email_opted_out,
    case
        when named_by = 'contact' then has_ad_consent
        when named_by = 'gone' and not has_ad_consent then false
    end as has_ad_consent,

    -- timestamps
    case when named_by = 'contact' then customer_since_at end as customer_since_at,
    -- Whoever entered title and company looked at them; whoever edits something else does not.
    case when named_by = 'contact' then coalesce(verified_at, created_at) end as verified_at,
    -- A yes without a date is taken for as old as can be, a no for as new.
    case
        when named_by = 'contact' and has_ad_consent
            then coalesce(ad_consent_stated_at, created_at, modified_at, loaded_at)
        when named_by in ('contact', 'gone') and not has_ad_consent
            then coalesce(ad_consent_stated_at, modified_at, created_at, loaded_at)
    end as ad_consent_stated_at,
    -- What stands beside a contact is dated back, so that the latest word is the contact's own.
    case
        when named_by in ('contact', 'gone') then coalesce(modified_at, created_at, loaded_at)
        else coalesce(created_at, modified_at, loaded_at)
    end as stated_at,
    loaded_at

from named
-- A text that ends with a semicolon has an empty last part.
where named_by <> 'address' or {{ clean_id('named_email') }} is not null
