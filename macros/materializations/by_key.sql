{#
    The incremental strategy that replaces rows by their unique key.

    config(incremental_strategy=by_key())  →  'delete+insert'; on Spark 'merge'
#}
{% macro by_key() -%}
    {{ return(adapter.dispatch('by_key')()) }}
{%- endmacro %}

{% macro default__by_key() -%}
    {{ return('delete+insert') }}
{%- endmacro %}

{% macro spark__by_key() -%}
    {#- A unit test has no file format. -#}
    {%- if execute and config.get('file_format') and not can_delete() -%}
        {{ exceptions.raise_compiler_error(
            this ~ ": rows cannot be replaced in file format '" ~ config.get('file_format') ~ "'. "
            ~ 'Set SPARK_FILE_FORMAT to iceberg, delta or hudi in the environment.'
        ) }}
    {%- endif -%}
    {{ return('merge') }}
{%- endmacro %}
