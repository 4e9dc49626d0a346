{#
    A text in lower case, one character for one: 'İ' becomes 'i' and 'Σ' becomes 'σ' wherever it
    stands, which engines that follow the rules of a language would not do.

    {{ lower_text('industry') }}  →  lower(industry)
#}
{% macro lower_text(text) -%}
    {{ return(adapter.dispatch('lower_text')(text)) }}
{%- endmacro %}

{% macro default__lower_text(text) -%}
    lower({{ text }})
{%- endmacro %}

{# Texts are compared by their bytes (loaded_table_sql), and so C would lower ASCII letters alone. #}
{% macro postgres__lower_text(text) -%}
    lower(translate({{ text }}, 'İΣ', 'iσ') collate "default") collate "C"
{%- endmacro %}

{% macro spark__lower_text(text) -%}
    lower(translate({{ text }}, 'İΣ', 'iσ'))
{%- endmacro %}
