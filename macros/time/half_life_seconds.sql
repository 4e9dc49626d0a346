{#
    Seconds in which engagement points lose half their worth, from var engagement_half_life_days.

    {{ half_life_seconds() }}  →  1209600.0
#}
{% macro half_life_seconds() -%}
    {{ var('engagement_half_life_days') * 86400.0 }}
{%- endmacro %}
