{#
    A number as DuckDB writes a floating point number, to six decimal places: a whole one ends in .0.
    Ids of order lines are hashes of it, and must not change.

    {{ double_text('quantity') }}  →  6.0, 2.5
#}
{% macro double_text(number) -%}
    {{ regex_replace(regex_replace(fixed_text(number), '0+$', ''), '[.]$', '.0') }}
{%- endmacro %}
