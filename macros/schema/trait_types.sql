{#
    The type of each trait of people and of accounts, as their YAML states it. What is counted
    because a rule asks is not among them.

    trait_types()  →  {'is_customer': 'boolean', 'last_engaged_at': 'timestamp', …}
#}
{% macro trait_types() -%}
    {%- set types = {} -%}
    {%- for model in ('profile_traits', 'account_traits') if execute -%}
        {%- for name, column in graph.nodes['model.' ~ project_name ~ '.' ~ model].columns.items() -%}
            {%- do types.update({name: column.data_type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}
