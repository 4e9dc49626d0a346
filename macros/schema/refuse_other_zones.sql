{#
    Stop when the session's time zone is not UTC: instants without an offset would mean other times.
#}
{% macro refuse_other_zones() -%}
    {%- set zone = run_query('select ' ~ session_zone()).columns[0].values()[0] -%}
    {%- if zone not in ('UTC', 'Etc/UTC', 'Z', 'GMT', 'Etc/GMT') -%}
        {{ exceptions.raise_compiler_error(
            "the session's time zone is " ~ zone ~ '; it must be UTC. ' ~ utc_advice()
        ) }}
    {%- endif -%}
{%- endmacro %}

{# The time zone of the session. #}
{% macro session_zone() -%}
    {{ return(adapter.dispatch('session_zone')()) }}
{%- endmacro %}

{% macro default__session_zone() -%}
    current_setting('TimeZone')
{%- endmacro %}

{% macro spark__session_zone() -%}
    current_timezone()
{%- endmacro %}

{# How the session's time zone is set to UTC. #}
{% macro utc_advice() -%}
    {{ return(adapter.dispatch('utc_advice')()) }}
{%- endmacro %}

{% macro default__utc_advice() -%}
    Set `settings: {TimeZone: UTC}` for target {{ target.name }} in profiles.yml (see profiles.example.yml).
{%- endmacro %}

{% macro postgres__utc_advice() -%}
    Run `alter role {{ target.user }} set timezone = 'UTC'` once, or set PGTZ=UTC in the environment.
{%- endmacro %}

{% macro spark__utc_advice() -%}
    Set spark.sql.session.timeZone to UTC in server_side_parameters of target {{ target.name }} in profiles.yml.
{%- endmacro %}
