{#
    A text in lower case with what browsers encode in addresses decoded: signs, blanks and the
    accented letters of Western European languages. Other scripts stay encoded, in one spelling; no
    function does this on every engine.

    {{ percent_decoded("'/caf%c3%a9%20bar'") }}  →  /café bar
#}
{% macro percent_decoded(text) -%}
    {{ return(adapter.dispatch('percent_decoded')(text)) }}
{%- endmacro %}

{% macro default__percent_decoded(text) -%}
    {%- set signs = percent_signs() -%}
    {%- for _ in signs %}replace(
        {% endfor -%}
    {{ text }}
    {%- for code, sign in signs -%}
        , {{ text_literal(code) }}, {{ text_literal(sign) }})
    {%- endfor -%}
{%- endmacro %}

{# Spark's analyzer gives up on calls within calls that are a hundred deep. #}
{% macro spark__percent_decoded(text) -%}
    aggregate(
        array(
            {%- for code, sign in percent_signs() %}
            array({{ text_literal(code) }}, {{ text_literal(sign) }}){{ ',' if not loop.last }}
            {%- endfor %}
        ),
        {{ text }},
        (decoded, pair) -> replace(decoded, pair[0], pair[1])
    )
{%- endmacro %}

{# The linter gives up on them too. Each pair is one text: the sign, then its code. #}
{% macro duckdb__percent_decoded(text) -%}
    list_reduce(
        [
            {%- for code, sign in percent_signs() %}
            {{ text_literal(sign ~ code) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ],
        lambda decoded, pair: replace(decoded, substring(pair, 2), substring(pair, 1, 1)),
        {{ text }}
    )
{%- endmacro %}
