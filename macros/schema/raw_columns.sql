{#
    The columns of a raw table that staging names: those that its YAML declares, and the properties
    that var crm_properties names where the table's meta says whose they are.

    raw_columns(<source hubspot.contacts>)  →  ['id', …, 'property_renewal_risk']
#}
{% macro raw_columns(source) -%}
    {%- set columns = source.columns.keys() | list -%}
    {%- if source.meta.get('crm_object') -%}
        {%- for name in crm_properties(source.meta['crm_object']) -%}
            {%- set column = source.meta.get('property_prefix', '') ~ name -%}
            {%- if column not in columns -%}
                {%- do columns.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}
