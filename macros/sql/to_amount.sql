{#
    An amount of money as a number; null when the text is none, or may mean two things. A currency
    before or after it is left out. Signs between thousands and a comma before the cents are read
    where only one reading is possible: `1,234.50`, `1.234,50`, `12,50` and `1,234,567`, but not
    `1,234`, which is a thousand or one.

    {{ to_amount('price') }}  →  case when regexp_matches(…, '…') then cast(… as double) … end
#}
{% macro to_amount(value) -%}
    {%- set text = 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set blanks = '[ \u00a0\u202f]*' -%}
    {%- set bare = regex_replace(
        text,
        '^' ~ blanks ~ '([+-]?)' ~ blanks ~ '([$£€¥]|[A-Z]{3})?' ~ blanks
        ~ '([+-]?[0-9][0-9.,]*)' ~ blanks ~ '([$£€¥]|[A-Z]{3})?' ~ blanks ~ '$',
        '\\1\\3'
    ) -%}
    case
        when {{ to_number(value) }} is not null then {{ to_number(value) }}
        when {{ regex_matches(bare, '^[+-]?[0-9]{1,3}(,[0-9]{3})+[.][0-9]*$') }}
            or {{ regex_matches(bare, '^[+-]?[0-9]{1,3}(,[0-9]{3}){2,}$') }}
            then {{ to_number(regex_replace(bare, ',', '')) }}
        when {{ regex_matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]*$') }}
            or {{ regex_matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3}){2,}$') }}
            or {{ regex_matches(bare, '^[+-]?[0-9]+,[0-9]{1,2}$') }}
            then {{ to_number(regex_replace(regex_replace(bare, '[.]', ''), ',', '.')) }}
        else {{ to_number(bare) }}
    end
{%- endmacro %}
