{#
    Look at every line of a file of JSON lines once: how many rows it has, and which of them are no
    JSON object. Where there are such rows, the others are kept in mended_rows; a file without any is
    read where it lies.

    judge_json_file(<source>, <file>, <settings>)  →  {rows: 12, rejected: 1, is_mended: true}
#}
{% macro judge_json_file(source, file, settings) -%}
    {%- set lines -%}
        (
            select
                line_number,
                {#- A byte order mark, which the reader of JSON takes for a fault. #}
                case when line_number = 1 then regexp_replace(line, '^ï»¿', '') else line end as line,
                line_number = 1 and starts_with(line, 'ï»¿') as has_mark
            from ({{ text_lines(file, settings) }})
            where trim(line) <> ''
        )
    {%- endset -%}
    {#- Read as text, the first line has lost its mark; JSON's own reader stumbles over it still. -#}
    {%- if not is_read_by_bytes(file, settings) and run_query(
        'select 1 from (select json from read_json_objects(' ~ file.sql ~ ", format = 'newline_delimited', "
        ~ "ignore_errors = true, maximum_object_size = 33554432, compression = '" ~ file.compression.replace('none', 'uncompressed')
        ~ "') limit 1) where json is null"
    ).rows -%}
        {%- set lines = lines.replace("starts_with(line, 'ï»¿')", 'true') -%}
    {%- endif -%}
    {%- set is_sound = "json_valid(line) and ltrim(line) like '{%'" -%}
    {%- set totals = run_query(
        'select count(*), count(*) filter (has_mark or not (' ~ is_sound ~ ' and ' ~ is_utf8('line', file, settings) ~ ')) from ' ~ lines
    ).rows[0] -%}
    {%- if totals[1] == 0 -%}
        {{ return({'rows': totals[0], 'rejected': 0, 'is_mended': false}) }}
    {%- endif -%}
    {%- do run_query(
        'create or replace temp table judged_rows as select line_number, ' ~ utf8_text('line', file, settings)
        ~ ' as line, case when not ' ~ is_utf8('line', file, settings) ~ " then 'wrong_encoding' when not (" ~ is_sound
        ~ ") then 'unreadable_row' end as reason from " ~ lines
    ) -%}
    {{ return(keep_judged_rows(source, file, 'line')) }}
{%- endmacro %}
