{#
    A 64-bit floating point number from text; null when the text is none. A number is written in
    decimal digits, with a point and an exponent of up to two digits if need be: `1,5`, `1_000`,
    `0x10`, `nan` and `infinity` are none. A quintillion and more is no quantity of anything, and its
    sums would leave what engines can hold.

    {{ to_number('amount') }}
    →  case
           when regexp_matches(trim(cast(amount as varchar)), '^[+-]?…$')
               then case when abs(cast(… as double)) < 1e18 then cast(… as double) end
       end
#}
{% macro to_number(value) -%}
    {%- set text = trimmed('cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    case
        when {{ regex_matches(text, '^[+-]?([0-9]{1,200}([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$') }}
            then case
                when abs(cast({{ text }} as {{ type_double() }})) < 1e18
                    then cast({{ text }} as {{ type_double() }})
            end
    end
{%- endmacro %}
