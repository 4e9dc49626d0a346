{#
    The UTC instant of a clock time in a zone.

    {{ from_zone('sold_at', 'America/New_York') }}
    →  (sold_at at time zone 'America/New_York') at time zone 'UTC'
#}
{% macro from_zone(timestamp, zone) -%}
    {{ return(adapter.dispatch('from_zone')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__from_zone(timestamp, zone) -%}
    (({{ timestamp }}) at time zone '{{ zone }}') at time zone 'UTC'
{%- endmacro %}

{% macro spark__from_zone(timestamp, zone) -%}
    to_utc_timestamp({{ timestamp }}, '{{ zone }}')
{%- endmacro %}

{% macro bigquery__from_zone(timestamp, zone) -%}
    timestamp(datetime({{ timestamp }}), '{{ zone }}')
{%- endmacro %}

{% macro snowflake__from_zone(timestamp, zone) -%}
    convert_timezone('{{ zone }}', 'UTC', {{ timestamp }})
{%- endmacro %}

{% macro trino__from_zone(timestamp, zone) -%}
    cast(with_timezone({{ timestamp }}, '{{ zone }}') at time zone 'UTC' as timestamp(6))
{%- endmacro %}
