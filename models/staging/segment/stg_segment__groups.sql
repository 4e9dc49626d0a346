-- One row per group call: who works for which company, in the person's own words.
with

source as (
    select * from {{ source('segment', 'groups') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as group_call_id,
        {{ clean_id('anonymous_id') }} as anonymous_id,
        {{ clean_id('user_id') }} as user_id,
        {{ clean_id('group_id') }} as group_id,

        -- strings
        {{ clean_text('name') }} as company_name,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as grouped_at,
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
