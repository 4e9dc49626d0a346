{#
    The select over one raw table's files, with the declared columns that they lack as nulls, and
    floating point numbers as text: an id that came as 10432.0 is 10432. What is nested is JSON.

    raw_table_sql(<source segment.pages>)
    →  select *, cast(null as varchar) as title
       from (select * from read_parquet(['…/data/raw/segment/pages/2026-06.parquet'], union_by_name = true))

    A table without files is an error that names the path, unless its YAML says
    `meta: {optional: true}`; then it is empty.
#}
{% macro raw_table_sql(source) -%}
    {%- set folder = absolute_path(var('raw_path') | string).rstrip('/') ~ '/' ~ source.source_name -%}
    {%- set path = folder ~ '/' ~ source.name -%}
    {%- set declared = raw_columns(source) | reject('eq', '_file') | list -%}
    {#- A source that declares the column _file is told which file a row came from. -#}
    {%- set file_option = ", filename = '_file'" if '_file' in source.columns else '' -%}
    {%- set found = run_query(
        "select file from glob('" ~ path ~ ".parquet') union all select file from glob('" ~ path
        ~ "/**') order by file"
    ).columns[0].values() | list -%}

    {%- set readers = [] -%}
    {%- for reader, endings, options in [
        ('read_parquet', ('.parquet',), ''),
        ('read_csv', ('.csv', '.csv.gz'), ', header = true, all_varchar = true'),
        ('read_json', ('.json', '.jsonl', '.ndjson'), ", format = 'newline_delimited', columns = {"
            ~ declared | map('tojson') | join(": 'VARCHAR', ") ~ ": 'VARCHAR'}"),
    ] -%}
        {%- set files = [] -%}
        {%- for file in found if file.lower().endswith(endings) -%}
            {%- do files.append("'" ~ file.replace("'", "''") ~ "'") -%}
        {%- endfor -%}
        {%- if files -%}
            {%- do readers.append(
                'select * from ' ~ reader ~ '([' ~ files | join(', ') ~ '], union_by_name = true'
                ~ options ~ file_option ~ ')'
            ) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- if not readers and not source.meta.get('optional') -%}
        {{ exceptions.raise_compiler_error(
            "source '" ~ source.source_name ~ "' is listed in var event_sources but has no files for table '"
            ~ source.name ~ "': expected " ~ path ~ ".parquet, or Parquet, CSV or newline-JSON files in "
            ~ path ~ "/. Put them there, set var raw_path, or take the source out of event_sources."
        ) }}
    {%- endif -%}

    {%- set files_sql = readers | join(' union all by name ') or 'select 1 where false' -%}
    {%- set described = run_query('describe ' ~ files_sql) -%}
    {%- set present = described.columns[0].values() | map('lower') | list -%}
    {%- set read_as = [] -%}
    {%- for column in described.rows -%}
        {%- set name = '"' ~ column[0] ~ '"' -%}
        {%- if column[1] in ('DOUBLE', 'FLOAT') -%}
            {%- do read_as.append(whole_number_text(name) ~ ' as ' ~ name) -%}
        {%- elif column[1].endswith('[]') or column[1].startswith(('STRUCT(', 'MAP(')) -%}
            {%- do read_as.append('cast(to_json(' ~ name ~ ') as varchar) as ' ~ name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set missing = [] -%}
    {%- for name in raw_columns(source) if name | lower not in present -%}
        {%- if name in source.columns and source.columns[name].meta.get('required') and readers -%}
            {{ exceptions.raise_compiler_error(
                path ~ ' has no column ' ~ name ~ ', which source ' ~ source.source_name ~ ' needs. It has: '
                ~ present | join(', ')
            ) }}
        {%- endif -%}
        {%- do missing.append(', cast(null as varchar) as "' ~ name ~ '"') -%}
    {%- endfor -%}
    select *{% if read_as %} replace ({{ read_as | join(', ') }}){% endif %}{{ missing | join('') }} from ({{ files_sql }})
{%- endmacro %}
