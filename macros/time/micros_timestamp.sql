{#
    A timestamp from microseconds since 1970, a 64-bit integer.

    {{ micros_timestamp('micros') }}  →  make_timestamp(micros)
#}
{% macro micros_timestamp(micros) -%}
    {{ return(adapter.dispatch('micros_timestamp')(micros)) }}
{%- endmacro %}

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
