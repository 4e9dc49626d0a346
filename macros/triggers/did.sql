{#
    True when a profile did something at least so often in the last so many days, or ever. Any
    behavior, in any window. What is counted are events, or the visits or days in which it was
    done, or the different objects (pages, products, e-mails) with which.

    {{ did('pricing_page_viewed', at_least=3, within_days=30) }}
    →  (pricing_page_viewed_count_30d >= 3)

    {{ did('pricing_page_viewed', at_least=3, within_days=30, counting='visits') }}
    →  (pricing_page_viewed_visits_30d >= 3)
#}
{% macro did(behavior, at_least=1, within_days='ever', counting='events') -%}
    {%- set call = "did('" ~ behavior ~ "', at_least=" ~ at_least ~ ", within_days=" ~ within_days
        ~ (", counting='" ~ counting ~ "'" if counting != 'events') ~ ")" -%}
    {{- check_number(call, 'at_least', at_least, 1) -}}
    ({{ counted_column(call, behavior, within_days, counting=counting) }} >= {{ at_least }})
{%- endmacro %}
