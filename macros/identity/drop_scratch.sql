{#
    Drop tables that scratch_table made, and take them out of `made`; all of them when none are named.

    drop_scratch(made, [relation])  →  nothing is left of the relation
#}
{% macro drop_scratch(made, relations=none) -%}
    {%- for relation in (made if relations is none else relations) | list -%}
        {%- do adapter.drop_relation(relation) -%}
        {%- do made.remove(relation) -%}
    {%- endfor -%}
{%- endmacro %}
