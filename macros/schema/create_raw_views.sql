{#
    Make what every enabled source brought readable as raw_<source>.<table>, with every column that
    its YAML declares; one that was not brought holds nulls, so staging can name it.

    Runs before each run. On DuckDB the views are laid over raw files: <raw_path>/<source>/<table>.parquet
    or all Parquet, CSV and JSON files in the folder <table>/ (raw_table_sql). On other
    engines a loader has brought tables, into the schema that has the source's name or the one that
    var raw_schemas gives it, and the views read those (loaded_table_sql).
#}
{% macro create_raw_views() -%}
    {%- if execute -%}
        {%- do refuse_other_sessions() -%}
        {%- do create_intake_tables((graph.sources.values() | first).database) -%}
        {%- do lay_source_times() -%}
        {%- for source in graph.sources.values() if source.package_name == project_name -%}
            {%- do lay_raw_view(source) -%}
        {%- endfor -%}
        {%- do check_crm_properties() -%}
    {%- endif -%}
{%- endmacro %}
