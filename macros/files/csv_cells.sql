{#
    The cells of a CSV row in which quotes are closed, as a list of texts as they stand in the file;
    and, with `is_sound`, whether they are closed and nothing stands beside them.

    csv_cells('line', <settings>)
    →  regexp_extract_all(',' || line, '\,("(?:[^"]|"")*"|[^\,]*)', 1)
#}
{% macro csv_cells(text, settings, is_sound=false) -%}
    {%- set delimiter, quote = '\\' ~ settings.delimiter, '\\' ~ (settings.quote or '\x01') -%}
    {%- set quoted = quote ~ '(?:[^' ~ quote ~ ']|' ~ quote ~ quote ~ ')*' ~ quote -%}
    {%- if is_sound -%}
        {%- set cell = '(?:' ~ quoted ~ '|(?:[^' ~ quote ~ delimiter ~ '][^' ~ delimiter ~ ']*)?)' -%}
        regexp_matches({{ text }}, {{ text_literal('^' ~ cell ~ '(?:' ~ delimiter ~ cell ~ ')*$') }})
    {%- else -%}
        regexp_extract_all({{ text_literal(settings.delimiter) }} || {{ text }}, {{ text_literal(delimiter ~ '(' ~ quoted ~ '|[^' ~ delimiter ~ ']*)') }}, 1)
    {%- endif -%}
{%- endmacro %}
