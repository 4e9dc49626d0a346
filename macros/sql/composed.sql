{#
    A text in Unicode's composed form (NFC), in which a letter with its accent is one sign.

    {{ composed('email') }}  →  nfc_normalize(email)
#}
{% macro composed(text) -%}
    {{ return(adapter.dispatch('composed')(text)) }}
{%- endmacro %}

{% macro default__composed(text) -%}
    normalize({{ text }}, nfc)
{%- endmacro %}

{% macro duckdb__composed(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{# Spark has nothing of the kind: there an accent that stands by itself stays by itself. #}
{% macro spark__composed(text) -%}
    {{ text }}
{%- endmacro %}

{% macro bigquery__composed(text) -%}
    normalize({{ text }})
{%- endmacro %}

{# Nor has Snowflake. #}
{% macro snowflake__composed(text) -%}
    {{ text }}
{%- endmacro %}
