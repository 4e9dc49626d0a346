{#
    True when the latest visit began in the last 24 hours, and within so many hours of the end of
    the visit before it.

    {{ returned_within(24) }}
    →  (previous_visit_ended_at is not null
        and last_visit_started_at > previous_visit_ended_at
        and last_visit_started_at <= previous_visit_ended_at + interval '24' hour
        and last_visit_started_at > as_of - interval '24' hour)
#}
{% macro returned_within(hours) -%}
    {{- check_number("returned_within(" ~ hours ~ ")", 'hours', hours, 1) -}}
    (
        previous_visit_ended_at is not null
        and last_visit_started_at > previous_visit_ended_at
        and last_visit_started_at <= previous_visit_ended_at + interval '{{ hours }}' hour
        and last_visit_started_at > as_of - interval '24' hour
    )
{%- endmacro %}
