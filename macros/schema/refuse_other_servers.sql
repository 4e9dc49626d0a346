{#
    Stop on a server that would give other rows, or none.

    refuse_other_servers()  →  nothing, or an error that says what to do
#}
{% macro refuse_other_servers() -%}
    {{ return(adapter.dispatch('refuse_other_servers')()) }}
{%- endmacro %}

{% macro default__refuse_other_servers() -%}
{%- endmacro %}

{# Texts of raw tables are compared by their bytes, but not every text comes from one. #}
{% macro postgres__refuse_other_servers() -%}
    {%- set found = run_query(
        "select current_setting('server_version_num')::integer, current_setting('server_version'),"
        ~ " 'B' < 'a' and lower('ÉI') = 'éi'"
    ).rows[0] -%}
    {%- if found[0] < 160000 -%}
        {{ exceptions.raise_compiler_error(
            'PostgreSQL ' ~ found[1] ~ ' is too old: 16 or later is needed.'
        ) }}
    {%- endif -%}
    {%- if not found[2] -%}
        {{ exceptions.raise_compiler_error(
            'database ' ~ target.database ~ " compares or lowers texts by a language's rules. Make one "
            ~ 'that does it by their bytes, with letters of all languages: createdb --template template0 '
            ~ '--locale C.UTF-8 --encoding UTF8 ' ~ target.database ~ ' (docs/engines.md).'
        ) }}
    {%- endif -%}
{%- endmacro %}
