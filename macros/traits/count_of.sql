{#
    How often a behavior happened in a window: its events, or the different visits, days (UTC) or
    objects of those. An event outside of a visit, or one that names no object, is then none.

    {{ count_of('pricing_page_viewed', 30) }}
    →  count(case when 'pricing_page_viewed' in (behavior, …) and age < … then 1 end)

    {{ count_of('pricing_page_viewed', 30, 'days') }}
    →  count(distinct case when 'pricing_page_viewed' in … then cast(occurred_at as date) end)
#}
{% macro count_of(behavior, window, counting='events') -%}
    {%- set counted = {
        'events': '1',
        'visits': 'visit_key',
        'days': 'cast(occurred_at as date)',
        'objects': 'object_key',
    }[counting] -%}
    count(
        {{ 'distinct ' if counting != 'events' -}}
        case when {{ counts_as(behavior) }}
            and {{ age_within(window) }} then {{ counted }} end
    )
{%- endmacro %}
