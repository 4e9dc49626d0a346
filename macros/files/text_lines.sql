{#
    The lines of a text file with their numbers, whatever is in them: bytes that are no UTF-8 stop a
    reader, so a file that has such is read byte by byte, one character each, and utf8_text makes it
    text again.

    text_lines(<file>, <settings>)
    →  select row_number() over () as line_number, coalesce(line, '') as line from read_csv('…', …)
#}
{% macro text_lines(file, settings) -%}
    select
        row_number() over () as line_number,
        {% if is_read_by_bytes(file, settings) and file.compression == 'none' -%}
        {#- DuckDB's latin-1 lacks the bytes from 80 to 9f, which most texts in UTF-8 have. -#}
        regexp_replace(
            case
                when not contains(line, '\x') then line
                else array_to_string(list_transform(
                    string_split(line, '\x'),
                    lambda part, place: case
                        when place = 1 then part
                        else chr(cast('0x' || part[:2] as int)) || part[3:]
                    end
                ), '')
            end,
            '\r$', ''
        ) as line
    from (
        select unnest(string_split(cast(content as varchar), '\x0A')) as line from read_blob({{ file.sql }})
    )
        {%- else -%}
        coalesce(line, '') as line
    from read_csv(
        {{ file.sql }}, compression = '{{ file.compression }}', {{ line_options() }},
        encoding = '{{ 'latin-1' if is_read_by_bytes(file, settings) else settings.encoding }}'
    )
        {%- endif %}
{%- endmacro %}
