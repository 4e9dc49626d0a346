{#
    Put the rows of a query in the place of a table.

    replace_table(labels, 'select node, root from …')  →  the table holds these rows alone
#}
{% macro replace_table(relation, sql) -%}
    {%- do adapter.drop_relation(relation) -%}
    {%- call statement('main') -%}{{ create_table_as(false, relation, sql) }}{%- endcall -%}
{%- endmacro %}
