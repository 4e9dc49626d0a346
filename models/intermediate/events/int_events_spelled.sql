-- One row per usable event, with its page in the one spelling that rules know and the campaign that
-- the page's address names. Addresses stay in int_events as they came, so that a change of var
-- page_locales holds for the past. The linter knows no lambda of two parameters (percent_decoded).
{{ config(materialized='view') }}
{% set click_id_value = url_parameter('parameters', dbt.concat(["'&'", 'click_id', "'='"])) %}
with

events as (
    select
        *,
        {{ page_path('page_path', 'page_url') | indent(8) }} as canonical_path,  -- noqa: PRS
        {{ url_parameters('page_url') | indent(8) }} as parameters  -- noqa: PRS
    from {{ ref('int_events_enabled') }}
),

marked as (
    select
        *,
        case
            {%- for name in click_ids() %}
            when {{ dbt.position("'&" ~ name ~ "='", 'parameters') }} > 0 then '{{ name }}'
            {%- endfor %}
        end as click_id
    from events
)

select
    -- ids
    source,
    event_id,
    anonymous_id,
    device_id,
    user_id,
    email,
    phone,
    crm_contact_id,
    -- The id of a page is its path, in whichever spelling.
    case
        when object_type = 'page' and object_id = page_path then canonical_path
        else object_id
    end as object_id,

    -- strings
    event_name,
    page_url,
    canonical_path as page_path,
    referrer,
    link_url,
    object_type,
    currency,
    properties,
    user_agent,
    {%- for name in campaign_parameters() %}
    {{ url_parameter('parameters', "'&" ~ name ~ "='") | indent(4) }} as {{ name }},
    {%- endfor %}
    {{ click_id_value | indent(4) }} as click_id_value,
    case when {{ click_id_value | indent(4) }} is not null then click_id end as click_id,

    -- numbers
    value,

    -- booleans
    is_machine,
    has_load_time,

    -- timestamps
    occurred_at,
    loaded_at

from marked
