-- One row per event of Google Analytics 4, with its parameters as columns, whether they came nested
-- or flat.
{% set micros = 'cast(event_timestamp as ' ~ dbt.type_string() ~ ')' %}
with

source as (
    select * from {{ source('ga4', 'events') }}
),

parsed as (
    select
        *,
        coalesce({{ clean_text('event_name') }}, {{ clean_text('name') }}) as tracked_name,
        {{ json_or_null('event_params') }} as parameters,
        {{ json_or_null('ecommerce') }} as order_details,
        {{ json_or_null('items') }} as products,
        case
            when {{ regex_matches(micros, '^[0-9]{1,17}$') }} then cast({{ micros }} as bigint)
        end as event_micros
    from source
)

select
    -- ids
    {{ clean_id('_fivetran_id') }} as row_id,
    {{ clean_id('user_pseudo_id') }} as anonymous_id,
    {{ clean_id('user_id') }} as user_id,
    {%- for name in ['transaction_id', 'ga_session_id', 'form_id', 'item_id'] %}
    {{ clean_id(ga4_parameter('parameters', name)) | indent(4) }}
        as {{ name }},
    {%- endfor %}
    coalesce(
        {{ clean_id(json_text('order_details', 'transaction_id')) | indent(8) }},
        {{ clean_id('ecommerce_transaction_id') | indent(8) }}
    ) as ecommerce_transaction_id,
    {{ clean_id(json_item('products', 0, 'item_id')) | indent(4) }} as first_item_id,

    -- strings
    tracked_name,
    {%- for name in [
        'page_location', 'page_referrer', 'link_url', 'file_name', 'video_url', 'currency'
    ] %}
    {{ clean_text(ga4_parameter('parameters', name)) | indent(4) }}
        as {{ name }},
    {%- endfor %}
    {{ dbt.concat([
        "coalesce(cast(event_bundle_sequence_id as " ~ dbt.type_string() ~ "), '-')", "'|'",
        "coalesce(cast(batch_page_id as " ~ dbt.type_string() ~ "), '-')", "'|'",
        "coalesce(cast(batch_ordering_id as " ~ dbt.type_string() ~ "), '-')", "'|'",
        "coalesce(cast(batch_event_index as " ~ dbt.type_string() ~ "), '-')",
    ]) }} as place_in_batch,

    -- numbers
    {%- for name in ['value', 'video_current_time'] %}
    {{ to_number(ga4_parameter('parameters', name)) | indent(4) }}
        as {{ name }},
    {%- endfor %}
    {%- for name in [
        'purchase_revenue', 'purchase_revenue_in_usd', 'refund_value', 'refund_value_in_usd'
    ] %}
    coalesce(
        {{ to_number(json_text('order_details', name)) | indent(8) }},
        {{ to_number('ecommerce_' ~ name) | indent(8) }}
    ) as {{ name }},
    {%- endfor %}

    -- timestamps
    event_micros,
    coalesce(
        {{ micros_timestamp('event_micros') }},
        {{ utc_timestamp('timestamp') | indent(8) }}
    ) as occurred_at,
    {{ utc_timestamp('_fivetran_synced') | indent(4) }} as loaded_at

from parsed
