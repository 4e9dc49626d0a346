{#
    True for an instant in the rolling window (as_of - days, as_of].

    {{ within_days('occurred_at', 7) }}
    →  (occurred_at > cast('…' as timestamp) - interval '7' day and occurred_at <= cast('…' as timestamp))

    A day is 24 hours. An instant exactly at as_of is inside; one exactly `days` ago is not.
#}
{% macro within_days(instant, days) -%}
    ({{ instant }} > {{ as_of() }} - interval '{{ days }}' day and {{ instant }} <= {{ as_of() }})
{%- endmacro %}
