-- One row per profile that began or sent a form: whether one of its forms is abandoned.
with

form_events as (
    select * from {{ ref('int_events_resolved') }}
    where is_human and behavior in ('form_started', 'form_submitted')
),

forms as (
    select
        profile_key,
        -- Events that do not say which form are about one and the same.
        coalesce(object_id, '') as form_id,
        {{ as_of() }} as as_of,
        max(case when behavior = 'form_started' then occurred_at end) as last_started_at,
        max(case when behavior = 'form_submitted' then occurred_at end) as last_submitted_at
    from form_events
    group by profile_key, coalesce(object_id, '')
)

select
    profile_key,
    {{ dbt.bool_or(is_abandoned('last_started_at', 'last_submitted_at')) }} as has_abandoned_form

from forms
group by profile_key
