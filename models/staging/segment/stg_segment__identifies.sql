-- One row per identify call: what a person said about themselves, and on which device.
with

source as (
    select * from {{ source('segment', 'identifies') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as identify_id,
        {{ clean_id('anonymous_id') }} as anonymous_id,
        {{ clean_id('user_id') }} as user_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,

        -- strings
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ clean_text('company') }} as company_name,
        {{ clean_text('title') }} as job_title,
        context_user_agent as user_agent,

        -- booleans
        {{ to_boolean('ad_consent') }} as has_ad_consent,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as identified_at,
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
