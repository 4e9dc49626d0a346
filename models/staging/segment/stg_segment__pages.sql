-- One row per page view as Segment or RudderStack delivered it.
with

source as (
    select * from {{ source('segment', 'pages') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as page_view_id,
        {{ clean_id('anonymous_id') }} as anonymous_id,
        {{ clean_id('user_id') }} as user_id,

        -- strings
        url as page_url,
        path as page_path,
        title as page_title,
        referrer,
        context_user_agent as user_agent,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as viewed_at,
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
