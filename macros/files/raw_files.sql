{#
    The files of a source table, by path: <raw_path>/<source>/<table>.<ending>, and all in the folder
    <table>/. A file whose ending nobody reads is an error that names it.

    raw_files(<source segment.pages>)
    →  [{path: '…/segment/pages/2026-06.csv.gz', format: csv, compression: gzip, size: 1024,
         modified_at: '2026-06-30 00:00:00'}]

    Names that begin with a dot or an underline, and drafts that end in .part, are left to the
    programs that write them.
#}
{% macro raw_files(source) -%}
    {%- set formats = {
        'parquet': 'parquet', 'csv': 'csv', 'tsv': 'tsv', 'json': 'json', 'jsonl': 'json', 'ndjson': 'json'
    } -%}
    {%- set path = absolute_path(var('raw_path') | string).rstrip('/') ~ '/' ~ source.source_name ~ '/' ~ source.name -%}
    {%- set pattern = path.replace("'", "''") -%}
    {%- set listed = run_query(
        "select file from glob('" ~ pattern ~ ".*') union all select file from glob('" ~ pattern
        ~ "/**') order by file"
    ).columns[0].values() -%}

    {%- set files = {} -%}
    {%- for file in listed if modules.re.match('[^._].*(?<![.]part)$', modules.re.split('[/\\\\]', file)[-1]) -%}
        {%- set parts = modules.re.search('[.](\w+?)(?:[.](gz|zst))?$', file.lower()) -%}
        {%- set format = formats.get(parts.group(1)) if parts -%}
        {%- if not format or (format == 'parquet' and parts.group(2)) -%}
            {{ exceptions.raise_compiler_error(
                file ~ ' has an ending that cannot be read. Files end in .'
                ~ formats | join(', .') ~ ', those of text also in .gz or .zst after that. Convert it, '
                ~ 'or begin its name with an underline to leave it out.'
            ) }}
        {%- endif -%}
        {%- do files.update({file: {
            'path': file,
            'sql': "'" ~ file.replace("'", "''") ~ "'",
            'format': format,
            'compression': {'gz': 'gzip', 'zst': 'zstd'}.get(parts.group(2), 'none'),
        }}) -%}
    {%- endfor -%}
    {%- if files -%}
        {%- for row in run_query(
            'select filename, size, cast(last_modified as timestamp) from read_blob(['
            ~ files.values() | map(attribute='sql') | join(', ') ~ '])'
        ).rows -%}
            {%- do files[row[0]].update({'size': row[1] | int, 'modified_at': row[2] | string}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(files.values() | list) }}
{%- endmacro %}
