{#
    A table, view or foreign table that a loader brought; none when there is none.

    loaded_relation('warehouse', 'segment', 'tracks')  →  "warehouse"."segment"."tracks"
#}
{% macro loaded_relation(database, schema, name) -%}
    {{ return(adapter.dispatch('loaded_relation')(database, schema, name)) }}
{%- endmacro %}

{% macro default__loaded_relation(database, schema, name) -%}
    {{ return(adapter.get_relation(database, schema, name)) }}
{%- endmacro %}

{# dbt does not see foreign tables. #}
{% macro postgres__loaded_relation(database, schema, name) -%}
    {%- set found = run_query(
        "select 1 from information_schema.tables where table_schema = '" ~ schema
        ~ "' and table_name = '" ~ name ~ "'"
    ) -%}
    {%- if found.rows -%}
        {{ return(api.Relation.create(database=database, schema=schema, identifier=name)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
