-- One row per user of the users table: what all identify calls said last.
with

source as (
    select * from {{ source('segment', 'users') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as user_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,

        -- strings
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ clean_text('company') }} as company_name,
        {{ clean_text('title') }} as job_title,

        -- booleans
        {{ to_boolean('ad_consent') }} as has_ad_consent,

        -- timestamps
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
