{#
    Stops the parse when a window is none: whole days, 'ever', or the days before the last so many.

    check_window("did('demo_requested', within_days=0)", 0)
    →  did('demo_requested', within_days=0): 0 is no window. Give whole days from 1 up, 'ever', or …
#}
{% macro check_window(call, window) -%}
    {%- set is_days = window is integer and window > 0 -%}
    {%- if not is_days and not modules.re.fullmatch('ever|previous_[1-9][0-9]*', window | string) -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": " ~ window ~ " is no window. Give whole days from 1 up, 'ever', or "
            ~ "'previous_14' for the 14 days before the last 14."
        ) }}
    {%- endif -%}
{%- endmacro %}
