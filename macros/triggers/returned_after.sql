{#
    True when the person came back in the last 7 days, so many days or longer after the end of the
    visit before, and sooner than that many. Coming again later in the week changes nothing.

    {{ returned_after(14, 180) }}
    →  (week_away_since_at is not null
        and week_returned_at is not null
        and week_returned_at >= week_away_since_at + interval '14' day
        and week_returned_at < week_away_since_at + interval '180' day)
#}
{% macro returned_after(days_from, days_to=none) -%}
    {%- set call = "returned_after(" ~ days_from ~ ", " ~ days_to ~ ")" -%}
    {{- check_days(call, days_from, days_to) -}}
    {{- check_number(call, 'days_from', days_from, 7) -}}
    (
        week_away_since_at is not null
        and week_returned_at is not null
        and week_returned_at >= week_away_since_at + interval '{{ days_from }}' day
        {%- if days_to is not none %}
        and week_returned_at < week_away_since_at + interval '{{ days_to }}' day
        {%- endif %}
    )
{%- endmacro %}
