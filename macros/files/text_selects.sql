{#
    The selects over the CSV and JSON files of a table: one for all files that are written alike, and
    one for the rows that were kept of files with rows that cannot be read.

    text_selects(<source>, <files>)
    →  ['select "id" as "id" from read_csv([…], auto_detect = false, …)', …]
#}
{% macro text_selects(source, files) -%}
    {%- set alike = {} -%}
    {%- for file in files if file.columns -%}
        {%- set is_json = file.format in ('json', 'array') -%}
        {%- set way = ('json' if is_json and file.is_mended else file.format, file.is_mended, file.compression,
            none if is_json else file.columns | string, none if is_json else file.settings | string) -%}
        {%- do alike.setdefault(way, []).append(file) -%}
    {%- endfor -%}

    {%- set selects = [] -%}
    {%- for way, group in alike.items() -%}
        {%- set first, paths = group[0], group | map(attribute='sql') | join(', ') -%}
        {%- set selected, keys = [], [] -%}
        {%- if first.format in ('json', 'array') -%}
            {#- Any declared key may come in a later row than those that were looked at. -#}
            {%- for name in raw_columns(source) if name != 'source_file' -%}
                {%- set column = adapter.quote(name) -%}
                {%- do selected.append(('cells.' if first.is_mended else '') ~ column ~ ' as ' ~ column) -%}
                {%- do keys.append(name | tojson ~ ": 'VARCHAR'") -%}
            {%- endfor -%}
            {%- set cells = "from_json(cells, '{" ~ keys | join(', ') | replace("'", '"') ~ "}')" -%}
            {%- set reader = 'read_json([' ~ paths ~ "], filename = '_file_of_row', format = '" ~ ('array' if first.format == 'array' else 'newline_delimited')
                ~ "', maximum_object_size = 33554432, compression = '" ~ first.compression.replace('none', 'uncompressed') ~ "', columns = {" ~ keys | join(', ') ~ '})' -%}
        {%- else -%}
            {%- for name, held in held_columns(source, first).items() if name != 'source_file' -%}
                {%- set place = 'cells[' ~ (first.columns.index(held) + 1) ~ ']' -%}
                {%- do selected.append((place if first.is_mended else adapter.quote(held)) ~ ' as ' ~ adapter.quote(name)) -%}
            {%- endfor -%}
            {%- set cells = "from_json(cells, '[\"VARCHAR\"]')" -%}
            {%- set reader = 'read_csv([' ~ paths ~ "], filename = '_file_of_row', compression = '" ~ first.compression ~ "', "
                ~ csv_options(first.settings, first.columns) ~ ')' -%}
        {%- endif -%}
        {%- if 'source_file' in source.columns -%}
            {%- do selected.append('_file_of_row as "source_file"') -%}
        {%- endif -%}
        {%- if first.is_mended -%}
            {%- set reader = '(select file as _file_of_row, ' ~ cells ~ ' as cells from ' ~ intake_table('mended_rows') ~ " where source = '"
                ~ source.source_name ~ "' and table_name = '" ~ source.name ~ "' and file in (" ~ paths ~ '))' -%}
        {%- endif -%}
        {%- if selected -%}
            {%- do selects.append('select ' ~ selected | join(', ') ~ ' from ' ~ reader) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(selects) }}
{%- endmacro %}
