{#
    dbt's own statement that creates a view, without the catalog in its SQL where that would bind
    the view to the name of a file.

    create_view_as(segments.sales_ready, 'select … from "warehouse"."marts"."profile_traits"')
    →  create view "warehouse"."segments"."sales_ready" as (select … from "marts"."profile_traits")
#}
{% macro create_view_as(relation, sql) -%}
    {{ return(adapter.dispatch('create_view_as', 'dbt')(relation, without_catalog(sql, relation))) }}
{%- endmacro %}
