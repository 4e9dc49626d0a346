{#
    True when a visit that included a page in the last 7 days ended without reaching its goal, the
    behavior that the page is for.

    {{ bounced_from('demo_page_viewed', goal='demo_requested') }}
    →  (demo_page_viewed_bounce_count_7d >= 1)
#}
{% macro bounced_from(page, goal) -%}
    {%- set call = "bounced_from('" ~ page ~ "', goal='" ~ goal ~ "')" -%}
    {{- check_behavior(call, page) -}}
    {{- check_behavior(call, goal) -}}
    {%- set column = page ~ '_bounce_count_7d' -%}
    {{- record_trait('bounce', column, call, {'page': page, 'goal': goal}) -}}
    ({{ column }} >= 1)
{%- endmacro %}
