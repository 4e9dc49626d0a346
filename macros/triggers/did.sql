{#
    True when a profile did something at least so often in the last so many days, or ever. Any
    behavior, in any window.

    {{ did('pricing_page_viewed', at_least=3, within_days=30) }}
    →  (pricing_page_viewed_count_30d >= 3)
#}
{% macro did(behavior, at_least=1, within_days='ever') -%}
    {%- set call = "did('" ~ behavior ~ "', at_least=" ~ at_least ~ ", within_days=" ~ within_days ~ ")" -%}
    {{- check_number(call, 'at_least', at_least, 1) -}}
    ({{ counted_column(call, behavior, within_days) }} >= {{ at_least }})
{%- endmacro %}
