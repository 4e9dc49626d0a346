{#
    Which declared columns a raw file has, and under which name. Names are compared without case, but
    in JSON, where they are keys.

    held_columns(<source segment.pages>, <file>)  →  {id: 'ID', url: 'url'}
#}
{% macro held_columns(source, file) -%}
    {%- set is_json = file.format in ('json', 'array') -%}
    {%- set found = {} -%}
    {%- for name in file.columns -%}
        {%- do found.update({(name if is_json else name | lower): name}) -%}
    {%- endfor -%}
    {%- set held = {} -%}
    {%- for name in raw_columns(source) -%}
        {%- set key = name if is_json else name | lower -%}
        {%- if key in found -%}
            {%- do held.update({name: found[key]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(held) }}
{%- endmacro %}
