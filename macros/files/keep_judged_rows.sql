{#
    Keep what judge_csv_file and judge_json_file found in the rows of a file: which are set aside,
    and the others, as `cells` gives them.

    keep_judged_rows(<source>, <file>, 'line')  →  {rows: 12, rejected: 1, is_mended: true}
#}
{% macro keep_judged_rows(source, file, cells) -%}
    {%- set of_file = "'" ~ source.source_name ~ "', '" ~ source.name ~ "', " ~ file.sql ~ ', line_number' -%}
    {%- do run_query(
        'insert into ' ~ intake_table('rejected_rows') ~ ' select ' ~ of_file
        ~ ', reason, left(line, 2000) from judged_rows where reason is not null'
    ) -%}
    {%- do run_query(
        'insert into ' ~ intake_table('mended_rows') ~ ' select ' ~ of_file ~ ', ' ~ cells
        ~ ' from judged_rows where reason is null'
    ) -%}
    {%- set counts = run_query('select count(*), count(reason) from judged_rows').rows[0] -%}
    {%- do run_query('drop table judged_rows') -%}
    {{ return({'rows': counts[0], 'rejected': counts[1], 'is_mended': true}) }}
{%- endmacro %}
