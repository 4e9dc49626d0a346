{#
    How often a person did something in the last so many days, or ever: a number to compare. The
    window may also be 'previous_14', the 14 days before the last 14.

    {{ times('page_viewed') }} = {{ times('careers_page_viewed') }}
    →  page_viewed_count_ever = careers_page_viewed_count_ever
#}
{% macro times(behavior, within_days='ever') -%}
    {%- set call = "times('" ~ behavior ~ "', within_days=" ~ within_days ~ ")" -%}
    {{ counted_column(call, behavior, within_days) }}
{%- endmacro %}
