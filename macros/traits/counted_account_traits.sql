{#
    The counts of people that var counted_account_behaviors adds up per account, by their names.

    counted_account_traits()  →  ['research_count_14d', 'research_count_previous_14d', …]
#}
{% macro counted_account_traits() -%}
    {%- set traits = [] -%}
    {%- for behavior, windows in var('counted_account_behaviors').items() -%}
        {%- for window in windows -%}
            {%- if window not in var('counted_behaviors').get(behavior, []) -%}
                {{ exceptions.raise_compiler_error(
                    "var counted_account_behaviors: " ~ behavior ~ " over " ~ window ~ " is not counted "
                    ~ "per person. Add " ~ window ~ " to counted_behaviors." ~ behavior
                    ~ " in dbt_project.yml."
                ) }}
            {%- endif -%}
            {%- do traits.append(count_trait(behavior, window)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(traits) }}
{%- endmacro %}
