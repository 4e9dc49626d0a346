{#
    Drop the tables that scratch_table made.

    drop_scratch([relation, relation])  →  nothing is left of them
#}
{% macro drop_scratch(made) -%}
    {%- for relation in made -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endfor -%}
{%- endmacro %}
