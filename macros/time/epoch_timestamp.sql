{#
    A UTC timestamp from Unix seconds (number or text, fractions allowed); null when unreadable.

    {{ epoch_timestamp('seconds') }}
    →  try(make_timestamp(cast(try_cast(seconds as double) * 1000000 as bigint)))
#}
{% macro epoch_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_timestamp')(seconds)) }}
{%- endmacro %}

{% macro default__epoch_timestamp(seconds) -%}
    try(make_timestamp(cast(try_cast({{ seconds }} as double) * 1000000 as bigint)))
{%- endmacro %}
