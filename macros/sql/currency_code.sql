{#
    A currency's code in capital letters; anything but plain letters as it is, since engines do not
    agree on the capitals of others.

    {{ currency_code('currency') }}
    →  case when regexp_matches(currency, '^[a-zA-Z]+$') then upper(currency) else currency end
#}
{% macro currency_code(text) -%}
    case
        when {{ regex_matches(text, '^[a-zA-Z]+$') }}
            then upper({{ text }})
        else {{ text }}
    end
{%- endmacro %}
