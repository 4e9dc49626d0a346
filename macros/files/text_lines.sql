{#
    The lines of a text file with their numbers, whatever is in them: bytes that are no UTF-8 stop a
    reader, so UTF-8 is read byte by byte, one character each, and utf8_text makes it text again.

    text_lines(<file>, <settings>)
    →  select row_number() over () as line_number, coalesce(line, '') as line from read_csv('…', …)
#}
{% macro text_lines(file, settings) -%}
    select
        row_number() over () as line_number,
        coalesce(line, '') as line
    from read_csv(
        {{ file.sql }}, auto_detect = false, header = false, strict_mode = false, quote = '', escape = '',
        delim = e'\x01\x02\x03', columns = {'line': 'VARCHAR'}, max_line_size = 33554432,
        compression = '{{ file.compression }}',
        encoding = '{{ 'latin-1' if settings.encoding == 'utf-8' else settings.encoding }}'
    )
{%- endmacro %}
