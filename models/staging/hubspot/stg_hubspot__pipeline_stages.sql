-- One row per stage of a deal pipeline, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'deal_pipeline_stages') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('stage_id') }} as stage_id,
        {{ clean_id('pipeline_id') }} as pipeline_id,

        -- booleans
        {{ to_boolean('closed_won') }} as is_won,
        {{ to_boolean('is_closed') }} as is_closed,

        -- timestamps
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        row_number() over (
            partition by stage_id order by {{ sorted_by([
                'loaded_at', 'pipeline_id', 'is_won', 'is_closed',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    stage_id,
    pipeline_id,
    is_won,
    is_closed,
    loaded_at

from latest
where recency = 1
