{#
    Seconds from one instant to another, with fractions; negative when `until` is earlier.

    {{ seconds_between('started_at', 'ended_at') }}
    →  cast(epoch_us(ended_at) - epoch_us(started_at) as double) / 1000000
#}
{% macro seconds_between(since, until) -%}
    cast(
        {{ epoch_micros(until) }}
        - {{ epoch_micros(since) }} as {{ type_double() }}
    ) / 1000000
{%- endmacro %}
