{#
    True for an instant up to as_of in a window of var counted_behaviors: so many days, ever, or
    the days before the last so many.

    {{ in_window('occurred_at', 7) }}      →  (occurred_at > … - interval '7' day and occurred_at <= …)
    {{ in_window('occurred_at', 'ever') }} →  (occurred_at <= …)
    {{ in_window('occurred_at', 'previous_14') }}
    →  (occurred_at > … - interval '28' day and occurred_at <= … - interval '14' day)
#}
{% macro in_window(instant, window) -%}
    {%- if window is number -%}
    {{ within_days(instant, window) }}
    {%- elif window == 'ever' -%}
    ({{ instant }} <= {{ as_of() }})
    {%- elif (window | string).startswith('previous_') and (window | string)[9:].isdigit() -%}
    {%- set days = window[9:] | int -%}
    (
        {{ instant }} > {{ as_of() }} - interval '{{ 2 * days }}' day
        and {{ instant }} <= {{ as_of() }} - interval '{{ days }}' day
    )
    {%- else -%}
    {{ exceptions.raise_compiler_error(
        "var counted_behaviors: '" ~ window ~ "' is no window. Write a number of days, 'ever', or "
        ~ "'previous_14' for the 14 days before the last 14."
    ) }}
    {%- endif -%}
{%- endmacro %}
