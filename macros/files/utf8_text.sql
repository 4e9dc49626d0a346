{#
    The text that was meant by one that was read byte by byte (text_lines); where it is no UTF-8, as
    it was read.

    utf8_text('line', <file>, <settings>)  →  case when not regexp_matches(line, '[^\x00-\x7f]') then line … end
#}
{% macro utf8_text(text, file, settings) -%}
    {%- if is_read_by_bytes(file, settings) -%}
    case
        when not regexp_matches({{ text }}, '[^\x00-\x7f]') then {{ text }}
        when not {{ is_utf8(text, file, settings) }} then {{ text }}
        else decode(cast(array_to_string(list_transform(
            string_split({{ text }}, ''),
            lambda sign: case
                when ord(sign) < 128 and sign <> '\' then sign
                else printf('\x%02X', ord(sign))
            end
        ), '') as blob))
    end
    {%- else -%}
    {{ text }}
    {%- endif -%}
{%- endmacro %}
