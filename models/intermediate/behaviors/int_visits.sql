-- One row per visit: a run of one visitor's web events on one device with gaps under the time-out.
with

web_events as (
    select * from {{ ref('int_web_events_sequenced') }}
)

select
    -- ids
    {{ dbt.hash(dbt.concat([
        'profile_key', "'|'", 'visit_device_id', "'|'",
        'cast(visit_number as ' ~ dbt.type_string() ~ ')',
    ])) }} as visit_id,
    profile_key,
    visit_device_id,

    -- numbers
    visit_number,
    count(*) as event_count,

    -- timestamps
    {%- for bounce in bounce_traits() | unique(attribute='page') %}
    case
        when count(case when {{ counts_as(bounce.goal) }} then 1 end) = 0
            then max(
                case when {{ counts_as(bounce.page) }} then occurred_at end
            )
    end as last_{{ bounce.page }}_without_{{ bounce.goal }}_at,
    {%- endfor %}
    max(case when seconds_on_page is not null then occurred_at end) as last_page_viewed_at,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at

from web_events
group by profile_key, visit_device_id, visit_number
