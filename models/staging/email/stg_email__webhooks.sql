-- One row per webhook; a payload that is not JSON becomes null and is reported further on.
with

source as (
    select * from {{ source('email', 'webhooks') }}
)

select
    {{ lower_text(clean_text('provider')) }} as provider,
    {{ json_or_null('payload') }} as payload,
    cast(payload as {{ dbt.type_string() }}) as raw_payload,
    {{ utc_timestamp('received_at') }} as received_at

from source
