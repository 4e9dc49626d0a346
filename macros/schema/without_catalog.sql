{#
    The SQL of a view, with tables named without the catalog that the view is in.

    without_catalog('select … from "warehouse"."marts"."profile_traits"', segments.sales_ready)
    →  'select … from "marts"."profile_traits"'

    On DuckDB the catalog is the name of the file: a view that held it would fail in a file that was
    copied, renamed, or attached under another name. On other engines nothing changes.
#}
{% macro without_catalog(sql, view) -%}
    {{ return(adapter.dispatch('without_catalog')(sql, view)) }}
{%- endmacro %}

{% macro default__without_catalog(sql, view) -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro duckdb__without_catalog(sql, view) -%}
    {%- set catalog = view.include(schema=false, identifier=false) | string -%}
    {{ return(sql.replace(catalog ~ '.', '')) }}
{%- endmacro %}
