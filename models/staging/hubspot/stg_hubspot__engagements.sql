-- One row per note, call, meeting, task and e-mail of a representative, as of the connector's
-- latest read.
with

{% set kinds = [
    ('note', 'notes', 'null', 'property_hs_note_body', 'null', 'null'),
    ('call', 'calls', 'property_hs_call_title', 'property_hs_call_body', 'null', 'null'),
    ('meeting', 'meetings', 'coalesce(property_hs_meeting_title, title)',
        'coalesce(property_hs_meeting_body, body)',
        'coalesce(property_hs_meeting_outcome, meeting_outcome)',
        'coalesce(property_hs_meeting_start_time, start_time)'),
    ('task', 'tasks', 'property_hs_task_subject', 'property_hs_task_body',
        'property_hs_task_status', 'property_hs_task_completion_date'),
    ('email', 'emails', 'property_hs_email_subject', 'property_hs_email_text',
        'property_hs_email_direction', 'null'),
] %}
renamed as (
    {% for kind, table, title, body, outcome, happened_at in kinds %}
    select
        -- ids
        {{ clean_id('engagement_id') }} as engagement_id,
        {{ clean_id('property_hubspot_owner_id') }} as owner_id,

        -- strings
        '{{ kind }}' as kind,
        {{ clean_text(title) }} as title,
        {{ clean_text(body) }} as body,
        {{ lower_text(clean_text(outcome)) }} as outcome,

        -- booleans
        coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('property_hs_createdate') }} as created_at,
        {{ utc_timestamp('coalesce(' ~ happened_at ~ ', property_hs_timestamp)') }} as happened_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from {{ source('hubspot', 'engagement_' ~ table) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

latest as (
    select
        *,
        row_number() over (
            partition by engagement_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'happened_at', 'created_at', 'kind', 'outcome', 'title',
                'body', 'owner_id',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    engagement_id,
    owner_id,
    kind,
    title,
    body,
    outcome,
    is_deleted,
    created_at,
    happened_at,
    loaded_at

from latest
where recency = 1
