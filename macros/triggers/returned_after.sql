{#
    True when the latest visit began in the last 7 days, so many days or longer after the end of
    the visit before it, and sooner than that many.

    {{ returned_after(14, 180) }}
    →  (previous_visit_ended_at is not null
        and last_visit_started_at >= previous_visit_ended_at + interval '14' day
        and last_visit_started_at < previous_visit_ended_at + interval '180' day
        and last_visit_started_at > as_of - interval '7' day)
#}
{% macro returned_after(days_from, days_to=none) -%}
    {{- check_days("returned_after(" ~ days_from ~ ", " ~ days_to ~ ")", days_from, days_to) -}}
    (
        previous_visit_ended_at is not null
        and last_visit_started_at >= previous_visit_ended_at + interval '{{ days_from }}' day
        {%- if days_to is not none %}
        and last_visit_started_at < previous_visit_ended_at + interval '{{ days_to }}' day
        {%- endif %}
        and last_visit_started_at > as_of - interval '7' day
    )
{%- endmacro %}
