{#
    True when one identifier names the person before another, in the order of naming_order.

    {{ names_before('a', 'b') }}
    →  (a.first_loaded_at, …, a.identifier_value) < (b.first_loaded_at, …, b.identifier_value)
#}
{% macro names_before(first, second) -%}
    {{ return(adapter.dispatch('names_before')(first, second)) }}
{%- endmacro %}

{% macro default__names_before(first, second) -%}
    ({{ naming_order(first) }}) < ({{ naming_order(second) }})
{%- endmacro %}

{# BigQuery and Snowflake compare several columns at once for equality alone. #}
{% macro bigquery__names_before(first, second) -%}
    {%- set columns = naming_order().split(', ') -%}
    {%- for column in columns -%}
        {%- if not loop.first %} or ({{ first }}.{{ columns[loop.index0 - 1] }} = {{ second }}.{{ columns[loop.index0 - 1] }} and {% else %}({% endif -%}
        ({{ first }}.{{ column }} < {{ second }}.{{ column }}
    {%- endfor -%}
    {{ '))' * (columns | length) }}
{%- endmacro %}

{% macro snowflake__names_before(first, second) -%}
    {{ bigquery__names_before(first, second) }}
{%- endmacro %}
