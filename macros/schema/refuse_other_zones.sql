{#
    Stop when the session's time zone is not UTC: instants without an offset would mean other times.

    refuse_other_zones()  →  nothing, or an error that says how to set it
#}
{% macro refuse_other_zones() -%}
    {%- set zone = run_query('select ' ~ session_zone()).columns[0].values()[0] -%}
    {%- if zone not in ('UTC', 'Etc/UTC', 'Z', 'GMT', 'Etc/GMT') -%}
        {{ exceptions.raise_compiler_error(
            "the session's time zone is " ~ zone ~ '; it must be UTC. ' ~ utc_advice()
        ) }}
    {%- endif -%}
{%- endmacro %}
