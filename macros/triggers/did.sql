{#
    True when a profile did something at least so often in the last so many days, or ever.

    {{ did('pricing_page_viewed', at_least=3, within_days=30) }}
    →  (pricing_page_viewed_count_30d >= 3)

    Only what var counted_behaviors names is counted; anything else stops the parse.
#}
{% macro did(behavior, at_least=1, within_days='ever') -%}
    {%- set call = "did('" ~ behavior ~ "', at_least=" ~ at_least ~ ", within_days=" ~ within_days ~ ")" -%}
    {{- check_number(call, 'at_least', at_least, 1) -}}
    ({{ counted_column(call, behavior, within_days, 'counted_behaviors') }} >= {{ at_least }})
{%- endmacro %}
