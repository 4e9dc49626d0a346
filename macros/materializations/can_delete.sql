{#
    True when rows can be deleted from the table that the model makes: not from plain files on Spark.

    can_delete()  →  true
#}
{% macro can_delete() -%}
    {{ return(adapter.dispatch('can_delete')()) }}
{%- endmacro %}

{% macro default__can_delete() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__can_delete() -%}
    {{ return(config.get('file_format') in ['iceberg', 'delta', 'hudi']) }}
{%- endmacro %}
