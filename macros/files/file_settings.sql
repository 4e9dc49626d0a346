{#
    How the text files of a source table are written: what its YAML says in `meta: {files: {…}}`, and
    over it what var file_formats says of <source>.<table>, or of the source.

    file_settings(<source shop.order_lines>)
    →  {delimiter: none, quote: '"', header: true, encoding: utf-8}

    Without a delimiter it is the comma, or the one that all files of the table share. `header` may be
    the list of the columns' names where files have none.
#}
{% macro file_settings(source) -%}
    {%- set settings = {'delimiter': none, 'quote': '"', 'header': true, 'encoding': 'utf-8'} -%}
    {%- set name = source.source_name ~ '.' ~ source.name -%}
    {%- for stated in [
        source.meta.get('files', {}), var('file_formats').get(source.source_name, {}), var('file_formats').get(name, {})
    ] -%}
        {%- for key in stated if key not in settings -%}
            {{ exceptions.raise_compiler_error(
                "the format of " ~ name ~ " has a setting '" ~ key ~ "', which is none of "
                ~ settings | join(', ')
            ) }}
        {%- endfor -%}
        {%- do settings.update(stated) -%}
    {%- endfor -%}
    {{ return(settings) }}
{%- endmacro %}
