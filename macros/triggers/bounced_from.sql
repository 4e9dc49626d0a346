{#
    True when a visit of the last 7 days ended with a page and without reaching its goal, the
    behavior that the page is for. Whoever went on to other pages hesitated (hesitated_at).

    {{ bounced_from('demo_page_viewed', goal='demo_requested') }}
    →  (demo_page_viewed_bounce_count_7d >= 1)
#}
{% macro bounced_from(page, goal) -%}
    {%- set call = "bounced_from('" ~ page ~ "', goal='" ~ goal ~ "')" -%}
    {{- check_behavior(call, page) -}}
    {{- check_behavior(call, goal) -}}
    {%- set column = page ~ '_bounce_count_7d' -%}
    {{- record_trait('bounce', column, call, {'page': page, 'goal': goal, 'is_bounce': true}) -}}
    ({{ column }} >= 1)
{%- endmacro %}
