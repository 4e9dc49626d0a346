-- One row per deal, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'deals') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('deal_id') }} as deal_id,
        {{ clean_id('owner_id') }} as owner_id,

        -- strings
        {{ clean_text('property_dealname') }} as deal_name,
        {{ clean_text('deal_pipeline_stage_id') }} as stage,

        -- numbers
        {{ to_number('property_amount') }} as amount,

        -- booleans
        coalesce({{ to_boolean('is_deleted') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('property_createdate') }} as created_at,
        {{ utc_timestamp('property_closedate') }} as closed_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by deal_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'closed_at', 'created_at', 'stage', 'amount',
                'owner_id', 'deal_name',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    deal_id,
    owner_id,
    deal_name,
    stage,
    amount,
    is_deleted,
    created_at,
    closed_at,
    loaded_at

from latest
where recency = 1
