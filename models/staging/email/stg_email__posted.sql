-- One row per event that a webhook brings: a body that is an array, or holds one, is taken apart.
-- On DuckDB a view, so that `validate` judges the webhooks that lie there now; elsewhere a table,
-- because there is a model for each provider, and each would read all webhooks anew.
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
with

webhooks as (
    select * from {{ ref('stg_email__webhooks') }}
),

listed as (
    select
        *,
        case
            -- Nothing but blanks may stand before the bracket.
            when {{ regex_matches('payload', '^[^{"a-z0-9-]*\\[') }}
                then {{ dbt.concat(["'{\"events\":'", 'payload', "'}'"]) }}
            when
                provider in ('mailtrap', 'braze')
                and {{ json_text('payload', 'event') }} is null
                and {{ json_text('payload', 'event_type') }} is null
                and payload like '%"events"%'
                then payload
        end as event_list
    from webhooks
),

-- What is no list has one place.
placed as (
    select
        *,
        {{ json_positions("coalesce(event_list, '{\"events\":[0]}')", 'events') }} as place
    from listed
),

elements as (
    select
        *,
        {{ json_element('event_list', 'events', 'place') }} as element
    from placed
)

select
    provider,
    case when event_list is null then payload else element end as payload,
    case when event_list is null then raw_payload else element end as raw_payload,
    received_at
from elements
