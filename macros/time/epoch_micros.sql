{#
    Microseconds since 1970 as a 64-bit integer.

    {{ epoch_micros('started_at') }}  →  epoch_us(started_at)
#}
{% macro epoch_micros(instant) -%}
    {{ return(adapter.dispatch('epoch_micros')(instant)) }}
{%- endmacro %}

{% macro default__epoch_micros(instant) -%}
    epoch_us({{ instant }})
{%- endmacro %}

{% macro postgres__epoch_micros(instant) -%}
    cast(extract(epoch from {{ instant }}) * 1000000 as bigint)
{%- endmacro %}

{% macro spark__epoch_micros(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}

{% macro bigquery__epoch_micros(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}

{% macro snowflake__epoch_micros(instant) -%}
    date_part(epoch_microsecond, {{ instant }})
{%- endmacro %}

{% macro trino__epoch_micros(instant) -%}
    cast(to_unixtime({{ instant }}) * 1000000 as bigint)
{%- endmacro %}
