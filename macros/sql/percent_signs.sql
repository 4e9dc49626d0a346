{#
    What browsers encode in addresses, in lower case: each code with its sign, in the order in which
    they are replaced.

    percent_signs()  →  [('%20', ' '), …, ('%25', '%')]
#}
{% macro percent_signs() -%}
    {%- set signs = [
        ('%20', ' '), ('%21', '!'), ('%22', '"'), ('%24', '$'), ('%26', '&'), ('%27', "'"),
        ('%28', '('), ('%29', ')'), ('%2a', '*'), ('%2b', '+'), ('%2c', ','), ('%2d', '-'),
        ('%2e', '.'), ('%2f', '/'), ('%3a', ':'), ('%3b', ';'), ('%3d', '='), ('%40', '@'),
        ('%5b', '['), ('%5d', ']'), ('%5f', '_'), ('%7b', '{'), ('%7c', '|'), ('%7d', '}'),
        ('%7e', '~'),
    ] -%}
    {%- do signs.append(('%c3%9f', 'ß')) -%}
    {%- set letters = 'àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ' -%}
    {%- for letter in letters -%}
        {#- The capital letter has the code 32 lower; ÷ has none, and that of ÿ is elsewhere. -#}
        {%- do signs.append(('%%c3%%%02x' % (160 + loop.index0), letter)) -%}
        {%- if letter not in '÷ÿ' -%}
            {%- do signs.append(('%%c3%%%02x' % (128 + loop.index0), letter)) -%}
        {%- endif -%}
    {%- endfor -%}
    {#- The sign itself comes last: %2520 is %20, not a blank. -#}
    {%- do signs.append(('%25', '%')) -%}
    {{ return(signs) }}
{%- endmacro %}
