{#
    Stop before history is written for an instant that lies before what it already holds.

    refuse_to_rewind(this, 'entered_at', 'exited_at')  →  nothing, or an error

    Runs as a pre-hook of models that keep history and emits no SQL. To look at the past, build into
    another warehouse or schema: membership and identity are pure functions of as_of.
#}
{% macro refuse_to_rewind(history, since, until) -%}
    {%- if execute and load_relation(history) is not none -%}
        {%- set newest = 'max(coalesce(' ~ until ~ ', ' ~ since ~ '))' -%}
        {%- set latest = run_query(
            'select cast(' ~ newest ~ ' as ' ~ dbt.type_string() ~ ') as latest, '
            ~ newest ~ ' > ' ~ as_of() ~ ' as is_later from ' ~ history
        ).rows[0] -%}
        {%- if latest[1] -%}
            {{ exceptions.raise_compiler_error(
                history ~ ' already reaches ' ~ latest[0] ~ '; it cannot go back to as_of = '
                ~ var('as_of', 'now') ~ '. To replay the past, build into another warehouse '
                ~ '(AUDIENCE_WAREHOUSE=data/replay.duckdb).'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
