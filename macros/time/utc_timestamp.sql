{#
    A UTC timestamp without zone from text or any timestamp type; null when it cannot be read.

    {{ utc_timestamp('received_at') }}
    →  try_cast(case when regexp_matches(…) then … end as timestamptz) at time zone 'UTC'

    '2016-04-27T16:28:50-04:00' becomes 2016-04-27 20:28:50. What is read is ISO 8601 and nothing
    else: a day, or a day and a time with T or a blank between them, seconds and their fraction, and
    an offset (Z, +02:00, +0200, +02, with a blank before it or none). Without an offset it is UTC,
    which holds because sessions run in UTC (refuse_other_zones). Microseconds are kept, what is
    finer is cut off. Words such as `now` and `infinity`, which engines read, are no times.
#}
{% macro utc_timestamp(column) -%}
    {%- set text = 'upper(' ~ trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') ~ ')' -%}
    {%- set readable = "replace(replace(replace(" ~ text ~ ", ' +', '+'), ' -', '-'), ' Z', 'Z')" -%}
    {{ return(adapter.dispatch('read_timestamp')(
        'case when ' ~ regex_matches(
            text,
            '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}'
            ~ '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
            ~ '( ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$'
        ) ~ ' then ' ~ readable ~ ' end'
    )) }}
{%- endmacro %}

{# A timestamp from ISO 8601 text; null when there is no such day. #}
{% macro default__read_timestamp(text) -%}
    {#- DuckDB wants seconds before an offset. -#}
    try_cast({{ regex_replace(text, '^(.{16})([Z+-])', '\\1:00\\2') }} as timestamptz) at time zone 'UTC'
{%- endmacro %}

{% macro postgres__read_timestamp(text) -%}
    {#- PostgreSQL would round the seventh digit, the others cut it off. -#}
    {%- set text = regex_replace(text, '([.][0-9]{6})[0-9]+', '\\1') -%}
    case
        when pg_input_is_valid({{ text }}, 'timestamptz')
            then cast({{ text }} as timestamptz) at time zone 'UTC'
    end
{%- endmacro %}

{% macro spark__read_timestamp(text) -%}
    {#- Spark wants seconds, and an offset of hours and minutes. -#}
    {%- set text = regex_replace(text, '^(.{16})([Z+-])', '\\1:00\\2') -%}
    {%- set text = regex_replace(text, '(:[0-9.]+[+-][0-9]{2})([0-9]{2})$', '\\1:\\2') -%}
    try_cast({{ regex_replace(text, '(:[0-9.]+[+-][0-9]{2})$', '\\1:00') }} as timestamp)
{%- endmacro %}

{% macro bigquery__read_timestamp(text) -%}
    safe_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro snowflake__read_timestamp(text) -%}
    convert_timezone('UTC', try_to_timestamp_tz({{ text }}))::timestamp_ntz
{%- endmacro %}

{% macro trino__read_timestamp(text) -%}
    try(cast(from_iso8601_timestamp(replace({{ text }}, ' ', 'T')) at time zone 'UTC' as timestamp(6)))
{%- endmacro %}
