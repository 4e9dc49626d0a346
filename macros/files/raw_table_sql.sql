{#
    The select over one raw table's files: every column that its YAML declares, nulls where a file
    has none.

    raw_table_sql(<source segment.pages>)
    →  select * from (select "id", null as "title" from read_parquet(['…/pages/2026-06.parquet'])
       union all by name select "id" from read_csv(['…/pages/2026-07.csv'], auto_detect = false, …))

    A table without files is an error that names the path, unless its YAML says
    `meta: {optional: true}`; then it is empty.
#}
{% macro raw_table_sql(source) -%}
    {%- set path = absolute_path(var('raw_path') | string).rstrip('/') ~ '/' ~ source.source_name ~ '/' ~ source.name -%}
    {%- set files = judge_raw_files(source) -%}
    {%- if not files and not source.meta.get('optional') -%}
        {{ exceptions.raise_compiler_error(
            "source '" ~ source.source_name ~ "' is listed in var event_sources but has no files for table '"
            ~ source.name ~ "': expected " ~ path ~ ".parquet, or Parquet, CSV or newline-JSON files in "
            ~ path ~ "/. Put them there, set var raw_path, or take the source out of event_sources."
        ) }}
    {%- endif -%}

    {%- set present, held = [], [] -%}
    {%- for file in files -%}
        {%- do present.extend(file.columns) -%}
        {%- do held.extend(held_columns(source, file)) -%}
        {#- A source that declares the column source_file is told which file a row came from. -#}
        {%- do held.append('source_file' if file.columns else none) -%}
    {%- endfor -%}
    {%- for name in source.columns if present and name not in held and source.columns[name].meta.get('required') -%}
        {%- do missing_column(path, source, name, present | unique(true) | list) -%}
    {%- endfor -%}

    {%- set selects = parquet_selects(source, files | selectattr('format', 'equalto', 'parquet') | list) -%}
    {%- do selects.extend(text_selects(source, files | rejectattr('format', 'equalto', 'parquet') | list)) -%}
    {%- set any_json = files | selectattr('columns') | selectattr('format', 'in', ['json', 'array']) | list -%}
    {%- set columns = [] -%}
    {%- for name in raw_columns(source) -%}
        {#- A row of JSON may have any column. -#}
        {%- do columns.append(('"' if name in held or any_json else 'cast(null as varchar) as "') ~ name ~ '"') -%}
    {%- endfor -%}
    select {{ columns | join(', ') }} from ({{ selects | join(' union all by name ') or 'select 1 where false' }})
{%- endmacro %}
