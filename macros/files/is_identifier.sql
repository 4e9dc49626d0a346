{#
    Whether a declared column of a source table identifies something: its YAML marks it with `key` or
    `identifies`, or its name is `id` or ends in `_id`.

    is_identifier(<source segment.pages>, 'user_id')  →  true
#}
{% macro is_identifier(source, name) -%}
    {%- set meta = source.columns[name].meta if name in source.columns else {} -%}
    {{ return((meta.get('key') or meta.get('identifies') or name | lower == 'id' or name.lower().endswith('_id')) and true) }}
{%- endmacro %}
