{#
    True when a profile has at least so many engagement points.

    {{ scored_at_least(20) }}  →  (engagement_score >= 20)
#}
{% macro scored_at_least(points) -%}
    {{- check_number("scored_at_least(" ~ points ~ ")", 'points', points, 0) -}}
    (engagement_score >= {{ points }})
{%- endmacro %}
