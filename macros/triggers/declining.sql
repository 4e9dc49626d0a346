{#
    True when something was done in the days before the last so many, and is now done less by at
    least so many percent.

    {{ declining('product_used', by_percent=40, over_days=14) }}
    →  (product_used_count_previous_14d > 0
        and product_used_count_14d * 100 <= product_used_count_previous_14d * 60)
#}
{% macro declining(behavior, by_percent, over_days) -%}
    {%- set call = "declining('" ~ behavior ~ "', by_percent=" ~ by_percent ~ ", over_days=" ~ over_days ~ ")" -%}
    {{- check_number(call, 'by_percent', by_percent, 1) -}}
    {%- if by_percent > 100 -%}
        {{ exceptions.raise_compiler_error(call ~ ": by_percent must be at most 100") }}
    {%- endif -%}
    {%- set now = counted_column(call, behavior, over_days) -%}
    {%- set before = counted_column(call, behavior, 'previous_' ~ over_days) -%}
    (
        {{ before }} > 0
        and {{ now }} * 100 <= {{ before }} * {{ 100 - by_percent }}
    )
{%- endmacro %}
