{#
    True for an age (as_of minus an instant) that lies in a window: days, ever, or the days before
    the last so many. Windows are half-open: an age of exactly 7 days is no longer in 7 days. What
    is still to come must be left out before: its age is below 0.

    {{ age_within(7) }}              →  age < interval '7' day
    {{ age_within('previous_14') }}  →  age >= interval '14' day and age < interval '28' day
    {{ age_within('ever') }}         →  age >= interval '0' day
#}
{% macro age_within(window) -%}
    {%- if window == 'ever' -%}
    age >= interval '0' day
    {%- elif window is number -%}
    age < interval '{{ window }}' day
    {%- else -%}
    {%- set days = window[9:] | int -%}
    age >= interval '{{ days }}' day and age < interval '{{ 2 * days }}' day
    {%- endif -%}
{%- endmacro %}
