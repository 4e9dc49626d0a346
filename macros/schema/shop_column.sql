{#
    The column of the shop's order lines for a word of var shop_columns, quoted; a word that the var
    leaves out has none.

    {{ shop_column('line_id') }}  →  "LineNo" where shop_columns has {line_id: LineNo}, else null
#}
{% macro shop_column(word) -%}
    {%- set column = var('shop_columns').get(word) -%}
    {{ return(adapter.quote(column) if column else 'null') }}
{%- endmacro %}
