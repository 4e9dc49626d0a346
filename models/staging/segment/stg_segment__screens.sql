-- One row per screen of an app that was seen.
with

source as (
    select * from {{ source('segment', 'screens') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as screen_view_id,
        {{ clean_id('anonymous_id') }} as anonymous_id,
        {{ clean_id('context_device_id') }} as device_id,
        {{ clean_id('user_id') }} as user_id,

        -- strings
        {{ clean_text('name') }} as screen_name,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as viewed_at,
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
