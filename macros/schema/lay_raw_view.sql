{#
    Create the view raw_<source>.<table> over what was brought for one source table.

    lay_raw_view(<source segment.pages>)  →  create or replace view raw_segment.pages as select …
#}
{% macro lay_raw_view(source) -%}
    {{ return(adapter.dispatch('lay_raw_view')(source)) }}
{%- endmacro %}

{% macro default__lay_raw_view(source) -%}
    {%- set view = api.Relation.create(
        database=source.database, schema=source.schema, identifier=source.identifier, type='view'
    ) -%}
    {%- do adapter.create_schema(view) -%}
    {#- A view whose columns change must go first, and what stands on it is built again anyway. -#}
    {%- set held = adapter.get_relation(source.database, source.schema, source.identifier) -%}
    {%- set named = [] -%}
    {%- for name in raw_columns(source) if column_name_held(name) not in named -%}
        {%- do named.append(column_name_held(name)) -%}
    {%- endfor -%}
    {%- if held is not none
        and adapter.get_columns_in_relation(held) | map(attribute='name') | list != named -%}
        {%- do adapter.drop_relation(held) -%}
    {%- endif -%}
    {%- do run_query('create or replace view ' ~ view ~ ' as ' ~ loaded_table_sql(source)) -%}
{%- endmacro %}

{% macro duckdb__lay_raw_view(source) -%}
    {%- do run_query('create schema if not exists ' ~ source.schema) -%}
    {%- do run_query(
        'create or replace view ' ~ source.schema ~ '.' ~ source.identifier ~ ' as '
        ~ raw_table_sql(source)
    ) -%}
{%- endmacro %}
