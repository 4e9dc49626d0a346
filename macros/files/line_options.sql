{#
    How read_csv reads a file whose lines are one text each, whatever they hold.

    line_options()  →  auto_detect = false, header = false, …
#}
{% macro line_options() -%}
    auto_detect = false, header = false, strict_mode = false, quote = '', escape = '',
    delim = e'\x01\x02\x03', columns = {'line': 'VARCHAR'}, max_line_size = 33554432
{%- endmacro %}
