{#
    A UTC timestamp from the seconds, milliseconds or microseconds since 1970, told apart by their
    size; null when a text is none of them.

    {{ epoch_text_timestamp('text') }}
    →  make_timestamp(case when regexp_matches(text, '^[0-9]{9,17}([.][0-9]+)?$') then … end)

    Below 100,000,000,000 it is seconds (until the year 5138), below 1000 times that milliseconds,
    below a million times that microseconds. Nine digits are the fewest: 2026 and 20261120 are none.
#}
{% macro epoch_text_timestamp(text) -%}
    {%- set number = 'cast(' ~ text ~ ' as ' ~ type_double() ~ ')' -%}
    {{ micros_timestamp(
        'case when ' ~ regex_matches(text, '^[0-9]{9,17}([.][0-9]{1,30})?$') ~ ' then cast(floor(0.5 + case'
        ~ ' when ' ~ number ~ ' < 1e11 then ' ~ number ~ ' * 1000000'
        ~ ' when ' ~ number ~ ' < 1e14 then ' ~ number ~ ' * 1000'
        ~ ' else ' ~ number ~ ' end) as bigint) end'
    ) }}
{%- endmacro %}
