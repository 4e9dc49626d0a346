{#
    True when a text that was read byte by byte (text_lines) is UTF-8, which half a surrogate pair is
    not.

    is_utf8('line', <file>, <settings>)  →  regexp_matches(line, '^([\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|…)*$')
#}
{% macro is_utf8(text, file, settings) -%}
    {%- set tail = '[\\x80-\\xbf]' -%}
    {%- if is_read_by_bytes(file, settings) -%}
    case
        when not regexp_matches({{ text }}, '[^\x00-\x7f]') then true
        else regexp_matches(
            {{ text }},
            '^(?:[\x00-\x7f]|[\xc2-\xdf]{{ tail }}|\xe0[\xa0-\xbf]{{ tail }}|[\xe1-\xec\xee\xef]{{ tail }}{2}'
            || '|\xed[\x80-\x9f]{{ tail }}|\xf0[\x90-\xbf]{{ tail }}{2}|[\xf1-\xf3]{{ tail }}{3}'
            || '|\xf4[\x80-\x8f]{{ tail }}{2})*$'
        )
    end
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
