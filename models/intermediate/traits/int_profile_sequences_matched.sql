-- One row per profile that took all steps of a sequence that some model asks for with did_in_order:
-- which ones. Each step is taken as early as can be, which leaves the most time for those after it.
with

behaviors as (
    select
        profile_key,
        behavior,
        broader_behavior,
        stage,
        is_engagement,
        occurred_at
    from {{ ref('int_events_resolved') }}
    where is_human
),

visits as (
    select
        profile_key,
        'visit_started' as behavior,
        {{ null_columns(['broader_behavior']) }},
        'none' as stage,
        false as is_engagement,
        started_at as occurred_at
    from {{ ref('int_visits') }}
),

unioned as (
    select * from behaviors
    union all
    select * from visits
),

events as (
    select
        *,
        {{ as_of() }} - occurred_at as age
    from unioned
    where occurred_at <= {{ as_of() }}
),

{% for order in ordered_traits() %}
{%- set sequence = loop.index -%}
-- {{ order.column }}
{% for step in order.steps %}
{%- set taken = 'sequence_' ~ sequence ~ '_step_' ~ loop.index -%}
{%- set before = 'sequence_' ~ sequence ~ '_step_' ~ (loop.index - 1) -%}
{{ taken }}_events as (
    select
        profile_key,
        occurred_at
    from events
    where {{ counts_as(step.behavior) }} and {{ age_within(order.window) }}
),

{{ taken }}_numbered as (
    select
        later.profile_key,
        later.occurred_at,
        row_number() over (
            partition by later.profile_key order by later.occurred_at
        ) as place
    from {{ taken }}_events as later
    {%- if not loop.first %}
    inner join {{ before }} as earlier
        on
            later.profile_key = earlier.profile_key
            and later.occurred_at > earlier.taken_at
            {%- if step.after_days %}
            and later.occurred_at >= earlier.taken_at + interval '{{ step.after_days }}' day
            {%- endif %}
    {%- endif %}
),

{{ taken }} as (
    select
        profile_key,
        occurred_at as taken_at
    from {{ taken }}_numbered
    where place = {{ step.times }}
),

{% endfor %}
{%- endfor -%}
matched as (
    {%- for order in ordered_traits() %}
    select
        profile_key,
        '{{ order.column }}' as sequence
    from sequence_{{ loop.index }}_step_{{ order.steps | length }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        profile_key,
        '' as sequence
    from events
    where 1 = 0
    {%- endfor %}
)

select
    profile_key
    {%- for order in ordered_traits() %},
    max(case when sequence = '{{ order.column }}' then 1 else 0 end) = 1
        as {{ order.column }}
    {%- endfor %}

from matched
group by profile_key
