{#
    A UTC timestamp from Unix seconds (number or text, fractions allowed); null when unreadable.

    {{ epoch_timestamp('seconds') }}
    →  try(make_timestamp(cast(floor(… * 1000000 + 0.5) as bigint)))

    Years 1 to 9999; what is beyond is no time.
#}
{% macro epoch_timestamp(seconds) -%}
    {%- set micros = 'floor(' ~ to_number(seconds) ~ ' * 1000000 + 0.5)' -%}
    {{ return(adapter.dispatch('micros_timestamp')(
        'case when abs(' ~ to_number(seconds) ~ ') < 62135596800 then cast(' ~ micros ~ ' as bigint) end'
    )) }}
{%- endmacro %}

{# A timestamp from microseconds since 1970. #}
{% macro default__micros_timestamp(micros) -%}
    make_timestamp({{ micros }})
{%- endmacro %}

{% macro postgres__micros_timestamp(micros) -%}
    timestamp '1970-01-01' + {{ micros }} * interval '1 microsecond'
{%- endmacro %}

{% macro spark__micros_timestamp(micros) -%}
    timestamp_micros({{ micros }})
{%- endmacro %}

{% macro bigquery__micros_timestamp(micros) -%}
    timestamp_micros({{ micros }})
{%- endmacro %}

{% macro snowflake__micros_timestamp(micros) -%}
    to_timestamp_ntz({{ micros }}, 6)
{%- endmacro %}

{% macro trino__micros_timestamp(micros) -%}
    cast(from_unixtime_nanos({{ micros }} * 1000) at time zone 'UTC' as timestamp(6))
{%- endmacro %}
