{#
    True when a profile did something at least so often in the last so many days.

    {{ did('pricing_page_viewed', at_least=3, within_days=30) }}
    →  (pricing_page_viewed_count_30d >= 3)

    Only windows that var counted_behaviors names exist; anything else stops the parse.
#}
{% macro did(behavior, at_least=1, within_days=none) -%}
    {%- set counted = var('counted_behaviors') -%}
    {%- if behavior not in counted -%}
        {{ exceptions.raise_compiler_error(
            "did('" ~ behavior ~ "'): this behavior is not counted. Counted are: "
            ~ counted | sort | join(', ') ~ ". Add a line to var counted_behaviors in dbt_project.yml."
        ) }}
    {%- endif -%}
    {%- if within_days not in counted[behavior] -%}
        {{ exceptions.raise_compiler_error(
            "did('" ~ behavior ~ "', within_days=" ~ within_days ~ "): there is no such window. "
            ~ "Choose from " ~ counted[behavior] | join(', ') ~ " days, or add one to "
            ~ "counted_behaviors." ~ behavior ~ " in dbt_project.yml."
        ) }}
    {%- endif -%}
    {%- if at_least is not number or at_least < 1 -%}
        {{ exceptions.raise_compiler_error(
            "did('" ~ behavior ~ "', at_least=" ~ at_least ~ "): at_least must be a number from 1 up"
        ) }}
    {%- endif -%}
    ({{ behavior }}_count_{{ within_days }}d >= {{ at_least }})
{%- endmacro %}
