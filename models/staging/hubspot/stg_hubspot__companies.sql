-- One row per company, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'companies') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as company_id,
        {{ clean_text('property_hs_merged_object_ids') }} as merged_company_ids,

        -- strings
        {{ clean_text('property_name') }} as company_name,
        coalesce({{ clean_domain('property_domain') }}, {{ clean_domain('property_website') }})
            as domain,
        {{ clean_text('property_industry') }} as industry,
        {{ clean_text('property_country') }} as country,
        {{ crm_properties_json('company', 'property_') }} as crm_properties,

        -- numbers
        {{ to_number('property_numberofemployees') }} as employee_count,

        -- booleans
        coalesce({{ to_boolean('property_hs_is_target_account') }}, false)
            as is_target_account,
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false)
        or coalesce({{ to_boolean('archived') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('property_createdate') }} as created_at,
        {{ utc_timestamp('property_renewal_date') }} as renewal_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by company_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'created_at', 'renewal_at', 'is_target_account',
                'domain', 'company_name', 'industry', 'country', 'employee_count',
                'merged_company_ids', 'crm_properties',
            ], 'desc') }}
        ) as recency
    from renamed
),

listed_merges as (
    select
        company_id as kept_id,
        {{ split_to_rows('merged_company_ids', ';') }} as company_id
    from latest {{ split_source('merged_company_ids', ';') }}
    where recency = 1 and not is_deleted
),

merged as (
    select distinct {{ clean_id('company_id') }} as company_id from listed_merges
    where kept_id <> {{ clean_id('company_id') }}
)

select
    latest.company_id,
    latest.company_name,
    latest.domain,
    latest.industry,
    latest.country,
    latest.crm_properties,
    latest.employee_count,
    latest.is_target_account,
    latest.is_deleted or merged.company_id is not null as is_deleted,
    latest.created_at,
    latest.renewal_at,
    latest.loaded_at

from latest
left join merged on latest.company_id = merged.company_id
where latest.recency = 1
