{#
    True when the latest return to the site began in the last 24 hours, and within so many hours of
    the end of the visit before it. A pause of less than var return_minimum_hours is no return.

    {{ returned_within(24) }}
    →  (last_returned_at is not null
        and last_returned_at <= last_away_since_at + interval '24' hour
        and last_returned_at > as_of - interval '24' hour)
#}
{% macro returned_within(hours) -%}
    {{- check_number(
        "returned_within(" ~ hours ~ ")", 'hours', hours, var('return_minimum_hours')
    ) -}}
    (
        last_returned_at is not null
        and last_returned_at <= last_away_since_at + interval '{{ hours }}' hour
        and last_returned_at > as_of - interval '24' hour
    )
{%- endmacro %}
