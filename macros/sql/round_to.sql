{#
    A number rounded to so many decimal places, as a floating point number; what lies in the middle
    goes up. Engines' own round() differs: 12.5 is 12 or 13.

    {{ round_to('score', 4) }}  →  cast(floor(cast(score as double) * 10000 + 0.5) as double) / 10000
#}
{% macro round_to(number, places=0) -%}
    cast(floor(
        cast({{ number }} as {{ type_double() }})
        {%- if places %} * {{ 10 ** places }}{% endif %} + 0.5
    ) as {{ type_double() }})
    {%- if places %} / {{ 10 ** places }}{% endif %}
{%- endmacro %}
