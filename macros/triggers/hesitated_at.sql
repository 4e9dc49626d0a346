{#
    True when a visit of the last 7 days looked at a page, went on to other pages, and ended without
    reaching the page's goal, the behavior that the page is for. Leaving from it is bounced_from.

    {{ hesitated_at('demo_page_viewed', goal='demo_requested') }}
    →  (demo_page_viewed_hesitation_count_7d >= 1)
#}
{% macro hesitated_at(page, goal) -%}
    {%- set call = "hesitated_at('" ~ page ~ "', goal='" ~ goal ~ "')" -%}
    {{- check_behavior(call, page) -}}
    {{- check_behavior(call, goal) -}}
    {%- set column = page ~ '_hesitation_count_7d' -%}
    {{- record_trait(
        'bounce', column, call, {'page': page, 'goal': goal, 'is_bounce': false}
    ) -}}
    ({{ column }} >= 1)
{%- endmacro %}
