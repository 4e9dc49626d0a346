{#
    The names, in lower case, of the columns that were brought for a source table, and whether a later
    row may have more: JSON may leave out what is empty.

    columns_brought(<source hubspot.contacts>)
    →  {names: ['id', 'property_email', …], may_have_more: false}
#}
{% macro columns_brought(source) -%}
    {{ return(adapter.dispatch('columns_brought')(source)) }}
{%- endmacro %}

{% macro default__columns_brought(source) -%}
    {%- set schema = var('raw_schemas').get(source.source_name, source.source_name) -%}
    {%- set loaded = loaded_relation(source.database, schema, source.identifier) -%}
    {%- set names = [] -%}
    {%- for column in (adapter.get_columns_in_relation(loaded) if loaded is not none else []) -%}
        {%- do names.append(column.name | lower) -%}
    {%- endfor -%}
    {{ return({'names': names, 'may_have_more': false}) }}
{%- endmacro %}

{% macro duckdb__columns_brought(source) -%}
    {%- set names, formats = [], [] -%}
    {%- for row in run_query(
        'select column_names, format from ' ~ intake_table('files') ~ " where source = '" ~ source.source_name
        ~ "' and table_name = '" ~ source.name ~ "'"
    ).rows -%}
        {%- do names.extend(fromjson(row.column_names) | map('lower')) -%}
        {%- do formats.append(row.format) -%}
    {%- endfor -%}
    {#- The first rows of a JSON file said which there are. -#}
    {%- for name in raw_columns(source) if names and name not in names -%}
        {%- if run_query(
            'select 1 from ' ~ source.schema ~ '.' ~ source.identifier ~ ' where "' ~ name ~ '" is not null limit 1'
        ).rows -%}
            {%- do names.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'names': names, 'may_have_more': 'json' in formats or 'array' in formats}) }}
{%- endmacro %}
