{#
    What is known of each of a table's files: how it is written, which columns it has, how many rows,
    and how many of them are set aside. A file that is new, has changed, or is read by other settings
    is looked at; what was found stays in the tables of intake_table until it goes.

    judge_raw_files(<source>)
    →  [{path: '…/2026-06.csv', format: csv, settings: {…}, columns: [id, url], rows: 12, is_mended: false, …}]
#}
{% macro judge_raw_files(source) -%}
    {%- set files = raw_files(source) -%}
    {%- set of_table = " source = '" ~ source.source_name ~ "' and table_name = '" ~ source.name ~ "'" -%}
    {%- set known = {} -%}
    {%- for row in run_query('select * from ' ~ intake_table('files') ~ ' where' ~ of_table).rows -%}
        {%- do known.update({row.file: row}) -%}
    {%- endfor -%}
    {%- do read_headers(source, files, known) -%}

    {%- set kept = [] -%}
    {%- for file in files -%}
        {%- set row = known.get(file.path) -%}
        {%- if row and row.size == file.size and row.modified_at | string == file.modified_at
            and row.settings == file.settings | string -%}
            {%- do kept.append(file.sql) -%}
            {%- do file.update({
                'columns': fromjson(row.column_names), 'format': row.format, 'is_mended': row.is_mended,
                'rows': row.row_count, 'is_new': false,
            }) -%}
        {%- else -%}
            {%- do file.update({'is_new': true}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for table in ['files', 'rejected_rows', 'mended_rows'] if known or files -%}
        {%- do run_query(
            'delete from ' ~ intake_table(table) ~ ' where' ~ of_table
            ~ (' and file not in (' ~ kept | join(', ') ~ ')' if kept else '')
        ) -%}
    {%- endfor -%}

    {%- for file in files if file.is_new -%}
        {%- do refuse_cut_file(file) -%}
        {%- do file.update(judge_raw_file(source, file)) -%}
        {%- do run_query(
            'insert into ' ~ intake_table('files') ~ " values ('" ~ source.source_name ~ "', '" ~ source.name ~ "', "
            ~ file.sql ~ ", '" ~ file.format ~ "', " ~ text_literal(file.settings) ~ ', ' ~ text_literal(file.header)
            ~ ', ' ~ text_literal(tojson(file.columns)) ~ ', ' ~ file.is_mended ~ ', ' ~ file.size ~ ', '
            ~ file.rows ~ ', ' ~ file.rejected ~ ", '" ~ file.modified_at ~ "')"
        ) -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}
