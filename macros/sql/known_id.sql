{#
    The id of an order or a product as clean_id cleans it; null when it is a word for none, which
    would make one thing of all that have none.

    {{ known_id('object_id') }}  →  '(not set)' and 'null' give null, 'T-1' stays
#}
{% macro known_id(column) -%}
    case
        when {{ lower_text(clean_id(column)) }} not in (
            '(not set)', 'not set', '(none)', '(other)', '(null)', 'null', 'undefined', 'none',
            'nan', 'n/a'
        )
            then {{ clean_id(column) }}
    end
{%- endmacro %}
