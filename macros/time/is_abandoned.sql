{#
    True when something was begun more than an hour and less than a week before the column as_of,
    and not ended since, where there is a column for that.

    {{ is_abandoned('last_started_at', 'last_submitted_at') }}
    →  coalesce(last_started_at > as_of - interval '7' day
           and last_started_at < as_of - interval '1' hour
           and (last_submitted_at is null or last_submitted_at <= last_started_at), false)
#}
{% macro is_abandoned(begun_at, ended_at=none) -%}
    coalesce(
        {{ begun_at }} > as_of - interval '7' day
        and {{ begun_at }} < as_of - interval '1' hour
        {%- if ended_at is not none %}
        and ({{ ended_at }} is null or {{ ended_at }} <= {{ begun_at }})
        {%- endif %},
        false
    )
{%- endmacro %}
