{#
    Stop before history is written for an instant that lies before what it already holds.

    Runs as a pre-hook of segment_membership_history and emits no SQL. To look at the past, build
    into another warehouse or schema: membership itself is a pure function of as_of.
#}
{% macro refuse_to_rewind(history) -%}
    {%- if execute and load_relation(history) is not none -%}
        {%- set latest = run_query(
            'select cast(max(coalesce(exited_at, entered_at)) as ' ~ dbt.type_string() ~ ') as latest, '
            ~ 'max(coalesce(exited_at, entered_at)) > ' ~ as_of() ~ ' as is_later from ' ~ history
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
