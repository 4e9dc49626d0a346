{#
    A text as a JSON string; null for null. Control characters that engines write differently
    (\u000B or \u000b) are left out.

    {{ json_string('product_name') }}  →  cast(to_json(cast(product_name as varchar)) as varchar)
#}
{% macro json_string(text) -%}
    {{ return(adapter.dispatch('json_string')(
        'translate(cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ '), '
        ~ dbt.concat(['chr(11)', 'chr(14)', 'chr(15)', 'chr(26)', 'chr(27)', 'chr(28)', 'chr(29)', 'chr(30)', 'chr(31)'])
        ~ ", '')"
    )) }}
{%- endmacro %}

{% macro default__json_string(text) -%}
    cast(to_json({{ text }}) as {{ dbt.type_string() }})
{%- endmacro %}

{# An array, whose brackets are cut off: Spark writes no bare text. #}
{% macro spark__json_string(text) -%}
    case
        when {{ text }} is not null
            then substring(to_json(array({{ text }})), 2, length(to_json(array({{ text }}))) - 2)
    end
{%- endmacro %}

{% macro bigquery__json_string(text) -%}
    to_json_string({{ text }})
{%- endmacro %}

{% macro snowflake__json_string(text) -%}
    to_json(to_variant({{ text }}))
{%- endmacro %}

{% macro trino__json_string(text) -%}
    json_format(cast({{ text }} as json))
{%- endmacro %}
