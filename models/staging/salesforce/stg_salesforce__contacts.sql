-- One row per contact and per lead, as of the connector's latest read, with the contact that it
-- became when it was merged or converted.
with

contacts as (
    select * from {{ source('salesforce', 'contacts') }}
),

leads as (
    select * from {{ source('salesforce', 'leads') }}
),

renamed as (
    {% for table in ['contacts', 'leads'] %}
    select
        -- ids
        {{ clean_id('id') }} as contact_id,
        coalesce(
            {{ clean_id('master_record_id') }},
            {{ clean_id('converted_contact_id') if table == 'leads' else 'null' }}
        ) as merged_into_id,
        {{ clean_email('email') }} as email,
        coalesce({{ clean_phone('phone') }}, {{ clean_phone('mobile_phone') }}) as phone,
        {{ clean_id('account_id') if table == 'contacts' else 'null' }} as company_id,
        {{ clean_id('owner_id') }} as owner_id,

        -- strings
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ clean_text('company') if table == 'leads' else 'null' }} as company_name,
        {{ clean_text('title') }} as job_title,
        {{ clean_text('status') if table == 'leads' else 'null' }} as lead_status,
        {{ crm_properties_json('contact', '') }} as crm_properties,

        -- booleans
        '{{ table }}' = 'leads' as is_lead,
        coalesce({{ to_boolean('has_opted_out_of_email') }}, false) as is_email_opted_out,
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('created_date') }} as created_at,
        {{ utc_timestamp('last_modified_date') }} as modified_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from {{ table }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by contact_id order by {{ sorted_by([
                'loaded_at', 'modified_at', 'is_deleted', 'merged_into_id', 'is_email_opted_out',
                'email', 'phone', 'company_id', 'owner_id', 'lead_status', 'first_name',
                'last_name', 'job_title', 'company_name', 'crm_properties', 'created_at',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    contact_id,
    merged_into_id,
    email,
    phone,
    company_id,
    owner_id,
    first_name,
    last_name,
    company_name,
    job_title,
    lead_status,
    crm_properties,
    is_lead,
    is_email_opted_out,
    is_deleted,
    created_at,
    modified_at,
    loaded_at

from latest
where recency = 1
