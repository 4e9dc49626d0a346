{#
    True when the last engagement lies between two ages: this many days ago or longer, but less
    than that many. Someone who never engaged has nothing to fall silent from: false.

    {{ quiet_for(60, 90) }}
    →  (last_engaged_at is not null and last_engaged_at <= as_of - interval '60' day
        and last_engaged_at > as_of - interval '90' day)
#}
{% macro quiet_for(days_from, days_to=none) -%}
    {{- check_days("quiet_for(" ~ days_from ~ ", " ~ days_to ~ ")", days_from, days_to) -}}
    (
        last_engaged_at is not null
        and last_engaged_at <= as_of - interval '{{ days_from }}' day
        {%- if days_to is not none %}
        and last_engaged_at > as_of - interval '{{ days_to }}' day
        {%- endif %}
    )
{%- endmacro %}
