-- One row per account of Salesforce, as of the connector's latest read. An account that was merged
-- is deleted there.
with

source as (
    select * from {{ source('salesforce', 'accounts') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as company_id,

        -- strings
        {{ clean_text('name') }} as company_name,
        {{ clean_domain('website') }} as domain,
        {{ clean_text('industry') }} as industry,
        {{ clean_text('billing_country') }} as country,
        {{ lower_text(clean_text('type')) }} as company_type,
        {{ crm_properties_json('company', '') }} as crm_properties,

        -- numbers
        {{ to_number('number_of_employees') }} as employee_count,

        -- booleans
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('created_date') }} as created_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by company_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'created_at', 'domain', 'company_name', 'industry',
                'country', 'company_type', 'employee_count', 'crm_properties',
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
    company_type,
    crm_properties,
    employee_count,
    false as is_target_account,
    is_deleted,
    created_at,
    {{ null_columns(['renewal_at'], 'timestamp') }},
    loaded_at

from latest
where recency = 1
