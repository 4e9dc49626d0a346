{#
    Stops the parse when an argument of a trigger is no number, or too small a one.

    check_number('opened_in_a_row(0)', 'the number of e-mails', 0, 1)
    →  opened_in_a_row(0): the number of e-mails must be a number from 1 up
#}
{% macro check_number(call, argument, value, at_least) -%}
    {%- if value is not number or value is boolean or value < at_least -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": " ~ argument ~ " must be a number from " ~ at_least ~ " up"
        ) }}
    {%- endif -%}
{%- endmacro %}
