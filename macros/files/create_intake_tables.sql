{#
    Make the tables that intake_table names, where they are missing. Runs before each run. Where a
    loader brings tables there are no files to tell of: views without rows stand in for them.
#}
{% macro create_intake_tables(database) -%}
    {%- do adapter.create_schema(api.Relation.create(database=database, schema='intake')) -%}
    {%- set text = dbt.type_string() -%}
    {%- for table, columns in {
        'files': {
            'source': text, 'table_name': text, 'file': text, 'format': text, 'settings': text,
            'header': text, 'column_names': text, 'is_mended': 'boolean', 'size': 'bigint',
            'row_count': 'bigint', 'rejected_count': 'bigint', 'modified_at': 'timestamp',
        },
        'rejected_rows': {
            'source': text, 'table_name': text, 'file': text, 'line_number': 'bigint',
            'reason': text, 'row_text': text,
        },
        'mended_rows': {
            'source': text, 'table_name': text, 'file': text, 'line_number': 'bigint', 'cells': text,
        },
        'source_times': {'source': text, 'time_format': text},
    }.items() -%}
        {%- do run_query(create_intake_table(intake_table(table), columns)) -%}
    {%- endfor -%}
{%- endmacro %}
