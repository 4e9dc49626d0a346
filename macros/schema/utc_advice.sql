{#
    What a person does to have sessions in UTC.

    {{ utc_advice() }}  →  Set `settings: {TimeZone: UTC}` for target dev in profiles.yml (see profiles.example.yml).
#}
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
