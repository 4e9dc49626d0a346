{#
    An amount of money as a number; null when the text is none, or may mean two things. A currency
    before or after it is left out. Signs between thousands and a comma before the cents are read
    where only one reading is possible: `1,234.50`, `1.234,50`, `12,50` and `1,234,567`, but not
    `1,234`, which is a thousand or one.

    {{ to_amount('price') }}  →  coalesce(…, case when regexp_matches(…, '…') then cast(… as double) … end)
#}
{% macro to_amount(value) -%}
    {%- set text = 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set plain = 'translate(' ~ text ~ ', ' ~ text_literal('$£€¥') ~ ", '    ')" -%}
    {%- set blanks = '[ \u00a0\u202f]*' -%}
    {%- set bare = regex_replace(
        plain,
        '^' ~ blanks ~ '([+-]?)' ~ blanks ~ '([A-Z]{3})?' ~ blanks ~ '([+-]?[0-9][0-9.,]*)'
        ~ blanks ~ '([A-Z]{3})?' ~ blanks ~ '$',
        '\\1\\3'
    ) -%}
    {%- set points = '^[+-]?[0-9]{1,3}((,[0-9]{3}){1,4}[.][0-9]{1,9}|(,[0-9]{3}){2,4})$' -%}
    {%- set commas = '^[+-]?([0-9]{1,3}(([.][0-9]{3}){1,4},[0-9]{1,9}|([.][0-9]{3}){2,4})|[0-9]{1,15},[0-9]{1,2})$' -%}
    coalesce(
        {{ to_number(value) }},
        case
            when {{ regex_matches(bare, points) }}
                then cast(translate({{ bare }}, ',', '') as {{ type_double() }})
            when {{ regex_matches(bare, commas) }}
                then cast(translate({{ bare }}, ',.', '.') as {{ type_double() }})
            when {{ regex_matches(bare, '^[+-]?[0-9]{1,15}([.][0-9]{1,9})?$') }}
                then cast({{ bare }} as {{ type_double() }})
        end
    )
{%- endmacro %}
