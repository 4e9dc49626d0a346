{#
    Write every table and view of the project to Parquet, for commands that read no Spark: one folder
    <folder>/<schema>/<table> each, which is overwritten.

    dbt run-operation export_marts --target spark --args '{folder: /data/export}'
    →  /data/export/marts/profiles/part-00000-….parquet, …

    `schemas` limits it: '{folder: /data/export, schemas: [marts, activation, segments]}' is what
    plan, push and validate outputs need. The folder may be a path of any file system that the
    engine writes to.
#}
{% macro export_marts(folder, schemas=none) -%}
    {{ return(adapter.dispatch('export_marts')(folder, schemas)) }}
{%- endmacro %}

{% macro default__export_marts(folder, schemas=none) -%}
    {{ exceptions.raise_compiler_error(
        'export_marts is for Spark and Databricks; the commands read the warehouse of ' ~ target.type
        ~ ' itself.'
    ) }}
{%- endmacro %}

{% macro spark__export_marts(folder, schemas=none) -%}
    {%- for node in graph.nodes.values() | list + graph.sources.values() | list
        if node.package_name == project_name
        and node.resource_type in ('model', 'seed', 'source')
        and node.config.get('materialized') != 'ephemeral'
        and (schemas is none or node.schema in schemas) -%}
        {%- set name = node.get('alias') or node.identifier -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, name) -%}
        {%- if relation is not none -%}
            {%- do run_query(
                "insert overwrite directory '" ~ folder ~ '/' ~ node.schema ~ '/' ~ name
                ~ "' using parquet select * from " ~ relation
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
