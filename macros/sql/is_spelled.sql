{#
    True when a path is spelled as page_path spells it: small letters, digits, - and _ between single
    slashes, and no locale at the beginning.

    {{ is_spelled('page_path') }}
    →  regexp_matches(page_path, '^(/[a-z0-9_-]+)+$') and not regexp_matches(page_path, '^/(en|de)…')
#}
{% macro is_spelled(path) -%}
    {{ regex_matches(path, '^(/[a-z0-9_-]+)+$') }}
    {%- if page_locale_pattern() %}
    and not {{ regex_matches(path, page_locale_pattern()) }}
    {%- endif -%}
{%- endmacro %}
