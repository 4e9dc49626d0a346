{#
    A window as text for people.

    window_in_words(7)              →  in the last 7 days
    window_in_words('previous_14')  →  in the 14 days before the last 14
    window_in_words('ever')         →  ever
#}
{% macro window_in_words(window) -%}
    {%- if window == 'ever' -%}
        {{ return('ever') }}
    {%- elif window is number -%}
        {{ return('in the last ' ~ (window ~ ' days' if window > 1 else '24 hours')) }}
    {%- endif -%}
    {{ return('in the ' ~ window[9:] ~ ' days before the last ' ~ window[9:]) }}
{%- endmacro %}
