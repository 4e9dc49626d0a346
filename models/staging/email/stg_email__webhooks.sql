-- One row per webhook; a payload that is not JSON becomes null and is reported further on.
with

source as (
    select * from {{ source('email', 'webhooks') }}
)

select
    lower({{ clean_id('provider') }}) as provider,
    case when {{ is_json('payload') }} then cast(payload as {{ dbt.type_string() }}) end as payload,
    {{ utc_timestamp('received_at') }} as received_at

from source
