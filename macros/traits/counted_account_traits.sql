{#
    The counts of people that are added up per account, because some model reads the sum.

    counted_account_traits()  →  ['research_count_14d', 'research_count_previous_14d', …]
#}
{% macro counted_account_traits() -%}
    {%- set traits = [] -%}
    {%- for trait in recorded_traits('account count') -%}
        {%- do traits.append(count_trait(trait.behavior, trait.window)) -%}
    {%- endfor -%}
    {{ return(traits | unique | sort) }}
{%- endmacro %}
