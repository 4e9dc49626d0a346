-- One row per user of Salesforce, as of the connector's latest read.
with

source as (
    select * from {{ source('salesforce', 'users') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as owner_id,
        {{ clean_email('email') }} as email,

        -- strings
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,

        -- timestamps
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        row_number() over (
            partition by owner_id order by {{ sorted_by([
                'loaded_at', 'email', 'first_name', 'last_name',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    owner_id,
    email,
    first_name,
    last_name,
    loaded_at

from latest
where recency = 1
