{#
    The options with which a sound CSV file is read: none of them is guessed.

    csv_options(<settings>, ['id', 'url'])
    →  auto_detect = false, delim = ',', quote = '"', …, columns = {"id": 'VARCHAR', "url": 'VARCHAR'}
#}
{% macro csv_options(settings, columns) -%}
    {%- set typed = [] -%}
    {%- for column in columns -%}
        {%- do typed.append('"' ~ column.replace('"', '""') ~ '": \'VARCHAR\'') -%}
    {%- endfor -%}
    auto_detect = false, strict_mode = false, max_line_size = 33554432, header = {{ settings.header is sameas true }}, delim = {{ text_literal(settings.delimiter) }}, quote = {{ text_literal(settings.quote) }}, escape = {{ text_literal(settings.quote) }}, encoding = '{{ settings.encoding }}', columns = {{ '{' ~ typed | join(', ') ~ '}' }}
{%- endmacro %}
