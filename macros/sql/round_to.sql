{#
    A number rounded to so many decimal places, as a floating point number; what lies in the middle
    goes up. Engines' own round() differs: 12.5 is 12 or 13.

    {{ round_to('score', 4) }}  →  cast(floor(cast(score as double) * 10000 + 0.5) as double) / 10000
#}
{% macro round_to(number, places=0) -%}
    {{ return(adapter.dispatch('round_to')(
        'cast(' ~ number ~ ' as ' ~ type_double() ~ ')' ~ (' * ' ~ 10 ** places if places else '') ~ ' + 0.5',
        ' / ' ~ 10 ** places if places else ''
    )) }}
{%- endmacro %}

{% macro default__round_to(raised, divided) -%}
    cast(
        floor({{ raised }}) as {{ type_double() }}
    ){{ divided }}
{%- endmacro %}

{# Spark's floor is a 64-bit integer. What is larger is a whole number already. #}
{% macro spark__round_to(raised, divided) -%}
    case
        when abs({{ raised }}) < 9e15 then cast(floor({{ raised }}) as {{ type_double() }})
        else {{ raised }}
    end{{ divided }}
{%- endmacro %}
