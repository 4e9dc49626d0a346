{#
    Fill in how each text file of a table is written: its first line and its settings. What the
    settings do not say is the same for all files: a delimiter that not all of them share is an error
    that names two.

    read_headers(<source>, <files>, <what is known of them>)
    →  each file with header: 'id;url', settings: {delimiter: ';', quote: '"', header: true, encoding: utf-8}
#}
{% macro read_headers(source, files, known) -%}
    {%- set settings = file_settings(source) -%}
    {%- for file in files -%}
        {%- set row = known.get(file.path) -%}
        {%- set header = none -%}
        {%- if row and row.size == file.size and row.modified_at | string == file.modified_at -%}
            {%- set header = row.header -%}
        {%- elif file.format != 'parquet' and file.size -%}
            {%- set first = run_query(
                'select ' ~ utf8_text('line', file, settings) ~ ', ' ~ is_utf8('line', file, settings)
                ~ " from (select regexp_replace(line, '^ï»¿', '') as line from (" ~ text_lines(file, settings) ~ ') limit 1)'
            ).rows -%}
            {%- set line = first[0][0] | string if first else '' -%}
            {%- if first and (line.startswith(('ÿþ', 'þÿ')) or (file.format != 'json' and not first[0][1])) -%}
                {{ exceptions.raise_compiler_error(
                    file.path ~ ' is not written in UTF-8'
                    ~ (', but in UTF-16' if line.startswith(('ÿþ', 'þÿ')) else '')
                    ~ '. Convert it, or say how in var file_formats, such as {' ~ source.source_name ~ '.' ~ source.name
                    ~ ': {encoding: ' ~ ('utf-16' if line.startswith(('ÿþ', 'þÿ')) else 'latin-1') ~ '}}.'
                ) }}
            {%- endif -%}
            {%- set header = line if first else none -%}
        {%- endif -%}
        {%- do file.update({'header': header}) -%}
    {%- endfor -%}

    {#- A file of one column shares any delimiter. -#}
    {%- set delimiters = [',', ';', '\t', '|'] -%}
    {%- set written = {} -%}
    {%- for file in files if file.format == 'csv' and file.header -%}
        {%- set found = [] -%}
        {%- for delimiter in delimiters if delimiter in file.header -%}
            {%- do found.append(delimiter) -%}
        {%- endfor -%}
        {%- if found -%}
            {%- do written.update({file.path: found}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set shared = [settings.delimiter] | select | list -%}
    {%- for delimiter in delimiters -%}
        {%- set having = [] -%}
        {%- for found in written.values() if delimiter in found -%}
            {%- do having.append(found) -%}
        {%- endfor -%}
        {%- if having | length == written | length -%}
            {%- do shared.append(delimiter) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not shared -%}
        {%- set other = written.items() | rejectattr(1, 'equalto', written.values() | first) | first -%}
        {{ exceptions.raise_compiler_error(
            'the CSV files of ' ~ source.source_name ~ '.' ~ source.name ~ ' share no delimiter: '
            ~ written | first ~ ' and ' ~ other[0] ~ ' are written in different ways. Convert one, or set '
            ~ 'var file_formats, such as {' ~ source.source_name ~ '.' ~ source.name ~ ': {delimiter: ";"}}.'
        ) }}
    {%- endif -%}
    {%- for file in files -%}
        {%- set own = dict(settings, delimiter=settings.delimiter or ('\t' if file.format == 'tsv' else shared[0])) -%}
        {%- do file.update({'settings': own}) -%}
    {%- endfor -%}
{%- endmacro %}
