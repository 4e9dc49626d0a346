-- What every provider reports, one row per event, with the meaning of the provider's word by
-- seeds/email_event_types.csv. Why something failed is looked at further on.
-- On DuckDB a view, so that `validate` judges the webhooks that lie there now; elsewhere a table,
-- because every body is JSON and two models read it.
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
with

event_types as (
    select * from {{ ref('email_event_types') }}
),

reports as (
    {% for provider in email_providers() %}
    select
        event_id,
        message_id,
        email,
        provider,
        provider_event,
        provider_detail,
        -- Joined texts may be empty.
        nullif(failure_reason, '') as failure_reason,
        clicked_url,
        user_agent,
        payload,
        raw_payload,
        is_flagged_machine,
        occurred_at,
        received_at
    from {{ ref('stg_email__' ~ provider) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    reports.*,
    coalesce(exact_types.event_name, general_types.event_name) as event_name

from reports
left join event_types as exact_types
    on
        reports.provider = exact_types.provider
        and reports.provider_event = exact_types.provider_event
        and reports.provider_detail = exact_types.provider_detail
left join event_types as general_types
    on
        reports.provider = general_types.provider
        and reports.provider_event = general_types.provider_event
        and general_types.provider_detail = '*'
