{#
    dbt's own statement that creates a view, over tables that are named without their catalog.

    create_view_as(segments.sales_ready, 'select … from "warehouse"."marts"."profile_traits"')
    →  create view "warehouse"."segments"."sales_ready" as (select … from "marts"."profile_traits")

    On DuckDB the catalog is the name of the file: views that held it would fail in a file that was
    copied, renamed, or attached under another name.
#}
{% macro create_view_as(relation, sql) -%}
    {%- set catalog = relation.include(schema=false, identifier=false) | string -%}
    {%- set named = sql.replace(catalog ~ '.', '') if target.type == 'duckdb' else sql -%}
    {{ return(adapter.dispatch('create_view_as', 'dbt')(relation, named)) }}
{%- endmacro %}
