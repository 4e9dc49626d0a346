{#
    Make the raw files of every enabled source readable as tables raw_<source>.<table>.

    Runs before each run. On DuckDB a view is laid over <raw_path>/<source>/<table>.parquet or over
    all Parquet, CSV and newline-JSON files in the folder <table>/. Columns that the source's YAML
    declares and the files lack are added as nulls, so staging can name them. On other engines the
    loader has already made these tables and nothing is done.
#}
{% macro create_raw_views() -%}
    {{ return(adapter.dispatch('create_raw_views')()) }}
{%- endmacro %}

{% macro default__create_raw_views() %}{% endmacro %}

{% macro duckdb__create_raw_views() -%}
    {%- if execute -%}
        {%- set zone = run_query("select current_setting('TimeZone')").columns[0].values()[0] -%}
        {%- if zone not in ('UTC', 'Etc/UTC') -%}
            {{ exceptions.raise_compiler_error(
                "the session's time zone is " ~ zone ~ "; set `settings: {TimeZone: UTC}` for target "
                ~ target.name ~ " in profiles.yml (see profiles.example.yml)"
            ) }}
        {%- endif -%}
        {%- for source in graph.sources.values() if source.package_name == project_name -%}
            {%- do run_query('create schema if not exists ' ~ source.schema) -%}
            {%- do run_query(
                'create or replace view ' ~ source.schema ~ '.' ~ source.identifier
                ~ ' as ' ~ raw_table_sql(source)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
