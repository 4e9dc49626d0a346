-- One row per tracked event as Segment or RudderStack delivered it.
with

source as (
    select * from {{ source('segment', 'tracks') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as track_id,
        {{ clean_id('anonymous_id') }} as anonymous_id,
        {{ clean_id('user_id') }} as user_id,
        {{ clean_email('context_traits_email') }} as email,

        -- strings
        -- The warehouse has order_completed, the calls themselves say Order Completed.
        {{ regex_replace(lower_text(clean_text('event')), '[ -]+', '_') }} as event_name,
        context_page_url as page_url,
        context_page_path as page_path,
        context_page_referrer as referrer,
        context_user_agent as user_agent,
        {{ json_or_null('properties') }} as properties,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as occurred_at,
        {{ utc_timestamp('received_at') }} as loaded_at
    from source
)

select * from renamed
