{#
    The statement that makes one table of intake_table.

    create_intake_table('intake.rejected_rows', {'file': 'varchar', …})
    →  create table if not exists intake.rejected_rows (file varchar, …)
#}
{% macro create_intake_table(name, columns) -%}
    {{ return(adapter.dispatch('create_intake_table')(name, columns)) }}
{%- endmacro %}

{% macro default__create_intake_table(name, columns) -%}
    {%- set nulls = [] -%}
    {%- for column, type in columns.items() -%}
        {%- do nulls.append('cast(null as ' ~ type ~ ') as ' ~ column) -%}
    {%- endfor -%}
    create or replace view {{ name }} as
    select {{ nulls | join(', ') }} from (select 1 as nothing) as nothing where 1 = 0
{%- endmacro %}

{% macro duckdb__create_intake_table(name, columns) -%}
    {%- set defined = [] -%}
    {%- for column, type in columns.items() -%}
        {%- do defined.append(column ~ ' ' ~ type) -%}
    {%- endfor -%}
    create table if not exists {{ name }} ({{ defined | join(', ') }})
{%- endmacro %}
