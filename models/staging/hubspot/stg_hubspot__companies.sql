-- One row per company, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'companies') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as company_id,

        -- strings
        {{ clean_text('property_name') }} as company_name,
        {{ lower_text(clean_text('property_domain')) }} as domain,
        {{ clean_text('property_industry') }} as industry,
        {{ clean_text('property_country') }} as country,

        -- numbers
        {{ to_number('property_numberofemployees') }} as employee_count,

        -- booleans
        coalesce({{ to_boolean('property_hs_is_target_account') }}, false)
            as is_target_account,
        coalesce({{ to_boolean('is_deleted') }}, false) as is_deleted,

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
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    company_id,
    company_name,
    domain,
    industry,
    country,
    employee_count,
    is_target_account,
    is_deleted,
    created_at,
    renewal_at,
    loaded_at

from latest
where recency = 1
