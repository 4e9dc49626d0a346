{#
    Stop when the session would read the same rows otherwise: its time zone is not UTC, so instants
    without an offset would mean other times, or the server is one that the project does not know.

    refuse_other_sessions()  →  nothing, or an error that says what to do
#}
{% macro refuse_other_sessions() -%}
    {%- set zone = run_query('select ' ~ session_zone()).columns[0].values()[0] -%}
    {%- if zone not in ('UTC', 'Etc/UTC', 'Z', 'GMT', 'Etc/GMT') -%}
        {{ exceptions.raise_compiler_error(
            "the session's time zone is " ~ zone ~ '; it must be UTC. ' ~ utc_advice()
        ) }}
    {%- endif -%}
    {%- do refuse_other_servers() -%}
{%- endmacro %}
