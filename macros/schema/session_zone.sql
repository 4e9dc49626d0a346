{#
    The time zone of the session.

    {{ session_zone() }}  →  current_setting('TimeZone')
#}
{% macro session_zone() -%}
    {{ return(adapter.dispatch('session_zone')()) }}
{%- endmacro %}

{% macro default__session_zone() -%}
    current_setting('TimeZone')
{%- endmacro %}

{% macro spark__session_zone() -%}
    current_timezone()
{%- endmacro %}
