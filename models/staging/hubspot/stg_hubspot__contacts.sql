-- One row per contact, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'contacts') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as contact_id,
        {{ clean_email('property_email') }} as email,
        {{ clean_phone('property_phone') }} as phone,
        {{ clean_id('property_associatedcompanyid') }} as company_id,
        {{ clean_id('property_hubspot_owner_id') }} as owner_id,
        {{ clean_text('property_hs_merged_object_ids') }} as merged_contact_ids,
        {{ clean_text('property_hs_additional_emails') }} as additional_emails,

        -- strings
        {{ clean_text('property_firstname') }} as first_name,
        {{ clean_text('property_lastname') }} as last_name,
        {{ clean_text('property_company') }} as company_name,
        {{ clean_text('property_jobtitle') }} as job_title,
        {{ lower_text(clean_text('property_lifecyclestage')) }} as lifecycle_stage,
        {{ clean_text('property_hs_lead_status') }} as lead_status,
        {{ clean_text('property_hs_buying_role') }} as buying_roles,
        {{ crm_properties_json('contact', 'property_') }} as crm_properties,

        -- booleans
        coalesce({{ to_boolean('property_hs_email_optout') }}, false)
            as is_email_opted_out,
        {{ to_boolean('property_ad_consent') }} as has_ad_consent,
        coalesce({{ to_boolean('_fivetran_deleted') }}, false)
        or coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('archived') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('property_createdate') }} as created_at,
        {{ utc_timestamp('property_lastmodifieddate') }} as modified_at,
        {{ utc_timestamp('property_hs_v2_date_entered_customer') }} as customer_since_at,
        {{ utc_timestamp('property_firmographics_verified_at') }} as verified_at,
        {{ utc_timestamp('property_ad_consent_at') }} as ad_consent_stated_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by contact_id order by {{ sorted_by([
                'loaded_at', 'modified_at', 'is_deleted', 'is_email_opted_out', 'email', 'phone',
                'company_id', 'owner_id', 'lifecycle_stage', 'lead_status', 'first_name',
                'last_name', 'job_title', 'company_name', 'buying_roles', 'merged_contact_ids',
                'additional_emails', 'has_ad_consent', 'ad_consent_stated_at',
                'customer_since_at', 'verified_at', 'created_at', 'crm_properties',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    contact_id,
    email,
    phone,
    company_id,
    owner_id,
    merged_contact_ids,
    additional_emails,
    first_name,
    last_name,
    company_name,
    job_title,
    lifecycle_stage,
    lead_status,
    buying_roles,
    crm_properties,
    is_email_opted_out,
    has_ad_consent,
    is_deleted,
    created_at,
    modified_at,
    customer_since_at,
    verified_at,
    ad_consent_stated_at,
    loaded_at

from latest
where recency = 1
