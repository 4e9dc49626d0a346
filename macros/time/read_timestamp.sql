{#
    A timestamp from ISO 8601 text in upper case; null when there is no such day.

    {{ read_timestamp('text') }}
    →  try_cast(regexp_replace(text, '^(.{16})([Z+-])', '\1:00\2', 'g') as timestamptz) at time zone 'UTC'
#}
{% macro read_timestamp(text) -%}
    {{ return(adapter.dispatch('read_timestamp')(text)) }}
{%- endmacro %}

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
