{#
    Texts in one, with a separator between them; those that are null are left out.

    {{ join_texts(' ', ['first_name', 'last_name']) }}  →  concat_ws(' ', first_name, last_name)
#}
{% macro join_texts(separator, texts) -%}
    {{ return(adapter.dispatch('join_texts')(text_literal(separator), texts)) }}
{%- endmacro %}

{% macro default__join_texts(separator, texts) -%}
    concat_ws({{ separator }}, {{ texts | join(', ') }})
{%- endmacro %}

{% macro bigquery__join_texts(separator, texts) -%}
    array_to_string([{{ texts | join(', ') }}], {{ separator }})
{%- endmacro %}

{# Snowflake's concat_ws is null as soon as one of the texts is. #}
{% macro snowflake__join_texts(separator, texts) -%}
    array_to_string(array_construct_compact({{ texts | join(', ') }}), {{ separator }})
{%- endmacro %}
