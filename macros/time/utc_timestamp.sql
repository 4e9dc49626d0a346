{#
    A UTC timestamp without zone from text or any timestamp type; null when it cannot be read.

    {{ utc_timestamp('received_at') }}
    →  try_cast(try_cast(received_at as timestamptz) at time zone 'UTC' as timestamp)

    '2016-04-27T16:28:50-04:00' becomes 2016-04-27 20:28:50. The way over timestamptz matters: a
    plain cast of text to timestamp would silently ignore the offset. Values without an offset
    are read as UTC, which holds because sessions run in UTC (create_raw_views refuses others).
#}
{% macro utc_timestamp(column) -%}
    {{ return(adapter.dispatch('utc_timestamp')(column)) }}
{%- endmacro %}

{% macro default__utc_timestamp(column) -%}
    try_cast({{ column }} as timestamptz) at time zone 'UTC'
{%- endmacro %}
