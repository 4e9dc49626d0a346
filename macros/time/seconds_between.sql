{#
    Seconds from one instant to another, with fractions; negative when `until` is earlier.

    {{ seconds_between('started_at', 'ended_at') }}  →  extract(epoch from (ended_at - started_at))
#}
{% macro seconds_between(since, until) -%}
    {{ return(adapter.dispatch('seconds_between')(since, until)) }}
{%- endmacro %}

{% macro default__seconds_between(since, until) -%}
    extract(epoch from ({{ until }} - {{ since }}))
{%- endmacro %}
