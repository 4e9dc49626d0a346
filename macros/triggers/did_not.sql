{#
    True when a profile did not do something in the last so many days although it could have: it
    was first seen before the window opened. Without a window, when it never did.

    {{ did_not('engagement', within_days=90) }}
    →  (engagement_count_90d = 0 and first_seen_at is not null
        and first_seen_at <= … - interval '90' day)
#}
{% macro did_not(behavior, within_days='ever') -%}
    {%- set call = "did_not('" ~ behavior ~ "', within_days=" ~ within_days ~ ")" -%}
    {%- set column = counted_column(call, behavior, within_days, 'counted_behaviors') -%}
    {%- if within_days == 'ever' -%}
    ({{ column }} = 0)
    {%- else -%}
    (
        {{ column }} = 0
        and first_seen_at is not null
        and first_seen_at <= {{ as_of() }} - interval '{{ within_days }}' day
    )
    {%- endif -%}
{%- endmacro %}
