-- One row per customer, as of the connector's latest read.
with

source as (
    select * from {{ source('shopify', 'customers') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as customer_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,

        -- strings
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,

        -- booleans
        -- Never asked is no refusal.
        coalesce(
            {{ lower_text(clean_text('email_marketing_consent_state')) }} = 'unsubscribed', false
        ) as is_email_opted_out,

        -- timestamps
        {{ utc_timestamp('created_at') }} as created_at,
        {{ utc_timestamp('updated_at') }} as updated_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id order by {{ sorted_by([
                'loaded_at', 'updated_at', 'is_email_opted_out', 'created_at', 'email', 'phone',
                'first_name', 'last_name',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    customer_id,
    email,
    phone,
    first_name,
    last_name,
    is_email_opted_out,
    created_at,
    updated_at,
    loaded_at

from ranked
where recency = 1
