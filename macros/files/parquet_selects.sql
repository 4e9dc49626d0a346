{#
    The selects over the Parquet files of a table: one for all files whose columns have the same
    types, so that a type in one file changes no value of another one.

    parquet_selects(<source>, <files>)
    →  ['select cast("id" as varchar) as "id", "at" as "at" from read_parquet([…])', …]
#}
{% macro parquet_selects(source, files) -%}
    {%- set paths, alike = {}, {} -%}
    {%- for file in files -%}
        {%- do paths.update({file.path: file}) -%}
    {%- endfor -%}
    {%- if files -%}
        {%- for row in run_query(
            "select file_name, md5(string_agg(concat_ws(':', name, type, converted_type, logical_type, num_children), ',')) "
            ~ 'from parquet_schema([' ~ files | map(attribute='sql') | join(', ') ~ ']) group by file_name order by file_name'
        ).rows -%}
            {%- do alike.setdefault(row[1], []).append(paths[row[0]]) -%}
        {%- endfor -%}
    {%- endif -%}

    {%- set described, kinds = [], {} -%}
    {%- for group in alike.values() -%}
        {%- set reader = 'read_parquet([' ~ group | map(attribute='sql') | join(', ') ~ '], union_by_name = true, filename = \'_file_of_row\')' -%}
        {%- set types = {} -%}
        {%- for column in run_query('describe select * from ' ~ reader).rows -%}
            {%- do types.update({column[0]: column[1]}) -%}
        {%- endfor -%}
        {%- do described.append((group, reader, types)) -%}
        {%- for name, held in held_columns(source, group[0]).items() -%}
            {%- do kinds.setdefault(name, []).append(types[held]) -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- set selects = [] -%}
    {%- for group, reader, types in described -%}
        {%- set selected = [] -%}
        {%- for name, held in held_columns(source, group[0]).items() if name != 'source_file' -%}
            {%- set value = parquet_value(source, name, adapter.quote(held), types[held], kinds[name] | unique | list | length > 1) -%}
            {%- do selected.append(value ~ ' as ' ~ adapter.quote(name)) -%}
        {%- endfor -%}
        {%- if 'source_file' in source.columns -%}
            {%- do selected.append('_file_of_row as "source_file"') -%}
        {%- endif -%}
        {%- if selected -%}
            {%- do selects.append('select ' ~ selected | join(', ') ~ ' from ' ~ reader) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(selects) }}
{%- endmacro %}
