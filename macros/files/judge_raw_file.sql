{#
    Look at one file: its columns, its rows, and how many of them cannot be read.

    judge_raw_file(<source>, <file>)
    →  {columns: [id, url], rows: 12, rejected: 1, is_mended: true}
#}
{% macro judge_raw_file(source, file) -%}
    {%- if file.format == 'parquet' -%}
        {%- set rows = run_query('select sum(num_rows) from parquet_file_metadata(' ~ file.sql ~ ')').rows[0][0] -%}
        {%- set types = {} -%}
        {%- for column in run_query('describe select * from read_parquet(' ~ file.sql ~ ')').rows -%}
            {%- do types.update({column[0]: column[1]}) -%}
        {%- endfor -%}
        {%- set columns = types.keys() | list -%}
        {%- for name, held in held_columns(source, dict(file, columns=columns)).items()
            if is_identifier(source, name) and types[held] in ('DOUBLE', 'FLOAT') -%}
            {%- do refuse_broken_ids(file, held, types[held]) -%}
        {%- endfor -%}
        {{ return({'columns': columns, 'rows': rows, 'rejected': 0, 'is_mended': false}) }}
    {%- elif file.header is none or not file.size -%}
        {{ return({'columns': [], 'rows': 0, 'rejected': 0, 'is_mended': false}) }}
    {%- elif file.format in ('csv', 'tsv') -%}
        {%- set columns = header_columns(file) -%}
        {%- set judged = judge_csv_file(source, file, file.settings, columns) -%}
        {%- do judged.update({'columns': columns}) -%}
        {{ return(judged) }}
    {%- endif -%}

    {%- if file.header.startswith('[') -%}
        {%- set objects = 'read_json_objects(' ~ file.sql ~ ", format = 'array', compression = '" ~ file.compression.replace('none', 'uncompressed')
            ~ "', maximum_object_size = 33554432)" -%}
        {%- set judged = {
            'format': 'array', 'rejected': 0, 'is_mended': false,
            'rows': run_query('select count(*) from ' ~ objects).rows[0][0],
        } -%}
        {%- set lines = 'select json as line from ' ~ objects -%}
    {%- else -%}
        {%- set judged = judge_json_file(source, file, file.settings) -%}
        {%- set lines -%}
            select regexp_replace(line, '^ï»¿', '') as line from ({{ text_lines(file, file.settings) }})
        {%- endset -%}
    {%- endif -%}
    {%- set keys = run_query(
        'select distinct unnest(json_keys(line)) as name from (select line from (' ~ lines
        ~ ") where json_valid(line) and ltrim(line) like '{%' limit 2000) order by name"
    ).columns[0].values() | list -%}
    {#- A key that the first rows lack may come later. -#}
    {%- for name in source.columns if keys and name not in keys and source.columns[name].meta.get('required') -%}
        {%- if run_query(
            'select 1 from (' ~ lines ~ ') where json_valid(line) and json_exists(line, ' ~ text_literal('$."' ~ name ~ '"')
            ~ ') limit 1'
        ).rows -%}
            {%- do keys.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do judged.update({'columns': keys}) -%}
    {{ return(judged) }}
{%- endmacro %}
