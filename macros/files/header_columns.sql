{#
    The names of a CSV file's columns, by its first line or, where it has no header, by its settings.

    header_columns(<file>)  →  ['id', 'url', 'column2']

    A column without a name gets its place; a name that comes twice is an error.
#}
{% macro header_columns(file) -%}
    {%- if file.settings.header is not sameas true -%}
        {{ return(file.settings.header) }}
    {%- endif -%}
    {%- set delimiter, quote = '\\' ~ file.settings.delimiter, file.settings.quote or '\x01' -%}
    {%- set cells = modules.re.findall(
        delimiter ~ '(\\' ~ quote ~ '(?:[^\\' ~ quote ~ ']|\\' ~ quote ~ '\\' ~ quote ~ ')*\\' ~ quote ~ '|[^' ~ delimiter ~ ']*)',
        file.settings.delimiter ~ file.header
    ) -%}
    {%- set names = [] -%}
    {%- for cell in cells -%}
        {%- set name = cell.strip() -%}
        {%- if name.startswith(quote) and name.endswith(quote) -%}
            {%- set name = name[1:-1].replace(quote ~ quote, quote).strip() -%}
        {%- endif -%}
        {%- if name | lower in names | map('lower') | list -%}
            {{ exceptions.raise_compiler_error(file.path ~ ' has two columns ' ~ name ~ '. Rename one, or take it out.') }}
        {%- endif -%}
        {%- do names.append(name or 'column' ~ loop.index0) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
