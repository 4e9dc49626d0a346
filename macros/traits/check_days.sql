{#
    Stops the parse when the two ages of a trigger are no ages, or in the wrong order.

    check_days('quiet_for(90, 60)', 90, 60)
    →  quiet_for(90, 60): give days as whole numbers, the first above 0 and the second, if any, above the first
#}
{% macro check_days(call, days_from, days_to) -%}
    {%- if days_from is not integer or days_from <= 0
        or (days_to is not none and (days_to is not integer or days_to <= days_from)) -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": give days as whole numbers, the first above 0 and the second, if any, above the first"
        ) }}
    {%- endif -%}
{%- endmacro %}
