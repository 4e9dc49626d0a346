{#
    A UTC timestamp from Unix seconds (number or text, fractions allowed); null when unreadable.

    {{ epoch_timestamp('seconds') }}
    →  try(make_timestamp(cast(floor(… * 1000000 + 0.5) as bigint)))

    Years 1 to 9999; what is beyond is no time.
#}
{% macro epoch_timestamp(seconds) -%}
    {%- set micros = 'floor(' ~ to_number(seconds) ~ ' * 1000000 + 0.5)' -%}
    {{ micros_timestamp(
        'case when abs(' ~ to_number(seconds) ~ ') < 62135596800 then cast(' ~ micros ~ ' as bigint) end'
    ) }}
{%- endmacro %}
