{#
    A number as people write it: no exponent, at most six decimal places, no zeros at the end.

    {{ number_text('score') }}
    →  regexp_replace(cast(cast(score as decimal(38, 6)) as varchar), '[.]?0+$', '', 'g')
#}
{% macro number_text(number) -%}
    {{ regex_replace(fixed_text(number), '[.]?0+$', '') }}
{%- endmacro %}
