{#
    What is left of a form's value without all that is encoded as it must be; a % in it is a fault.

    {{ form_faults("'a%20b%zz'") }}  →  ab%zz
#}
{% macro form_faults(text) -%}
    {%- set hex = '[0-9a-fA-F]' -%}
    {%- set more = '%[89abAB]' ~ hex -%}
    {{ regex_replace(text, [
        '%0[1-9a-fA-F]', '%[1-7]' ~ hex, '%[cC][2-9a-fA-F]' ~ more, '%[dD]' ~ hex ~ more,
        '%[eE]0%[abAB]' ~ hex ~ more, '%[eE][1-9a-cA-CeEfF]' ~ more ~ more,
        '%[eE][dD]%[89]' ~ hex ~ more, '%[fF]0%[9abAB]' ~ hex ~ more ~ more,
        '%[fF][1-3]' ~ more ~ more ~ more, '%[fF]4%8' ~ hex ~ more ~ more,
    ] | join('|'), '') }}
{%- endmacro %}
