{#
    Stops the parse when an argument of a trigger is no whole number, or too small a one: databases cut
    fractions of a day or an hour off without a word.

    check_number('returned_within(0)', 'hours', 0, 1)
    →  returned_within(0): hours must be a whole number from 1 up
#}
{% macro check_number(call, argument, value, at_least) -%}
    {%- if value is not integer or value is boolean or value < at_least -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": " ~ argument ~ " must be a whole number from " ~ at_least ~ " up"
        ) }}
    {%- endif -%}
{%- endmacro %}
