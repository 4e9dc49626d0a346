{#
    How often the people of a profile's account together did something in the last so many days,
    or ever: a number to compare. The segment joins account_traits.

    {{ account_times('research', within_days='previous_14') }} = 0
    →  account_research_count_previous_14d = 0
#}
{% macro account_times(behavior, within_days='ever') -%}
    {%- set call = "account_times('" ~ behavior ~ "', within_days=" ~ within_days ~ ")" -%}
    {{ counted_column(call, behavior, within_days, of='account') }}
{%- endmacro %}
