{#
    A phone number in E.164, the form that is the same for everybody; null when it is none.

    {{ clean_phone('phone') }}               →  '(202) 555-0143 ext. 12' becomes '+12025550143'
    {{ clean_phone('phone', region='GB') }}  →  '020 7946 0018' becomes '+442079460018'

    + or 00 begins an international number. Any other is a number of the region, by default the one
    in var default_phone_region; when it has too few or too many digits for that, it is none: a
    local number without its area code would make one person of many.
#}
{% macro clean_phone(column, region=var('default_phone_region')) -%}
    {%- set rules = phone_region(region) -%}
    {%- set code, trunk, longest = rules.calling_code, rules.trunk_prefix, rules.longest -%}
    {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}

    {#- Extensions (x12, ext. 12, #12), and the .0 of a number that passed through a data frame. -#}
    {%- set text = regex_replace(text, '([xX#][^0-9]*[0-9]{1,7}[^0-9]*|[.]0)$', '') -%}

    {#- +44 (0)20 is +44 20; Italy alone keeps the zero. -#}
    {%- set text = regex_replace(text, '^([^0-9]*(00)?39[^0-9]*)[(]0[)]', '\\1 0') -%}
    {%- set text = regex_replace(text, '[(]0[)]', '') -%}

    {%- set text = regex_replace(text, '[^0-9+]', '') -%}
    {%- set text = regex_replace(text, '^([+]|' ~ rules.international_prefix ~ ')+', '+') -%}

    {#- The calling code without +. Without a trunk prefix to tell, only what is too long else. -#}
    {%- set fewest = rules.shortest if trunk else longest + 1 - code | length -%}
    {%- set fewest = [fewest, rules.shortest] | max -%}
    {%- set text = regex_replace(
        text, '^' ~ code ~ '([0-9]{' ~ fewest ~ ',' ~ longest ~ '})$', '+' ~ code ~ '\\1'
    ) -%}

    {#- A national number, or an international one that kept the trunk prefix. -#}
    {%- set text = regex_replace(
        text,
        '^([+]' ~ code ~ ')?(' ~ trunk ~ ')?([0-9]{' ~ rules.shortest ~ ',' ~ longest ~ '})$',
        '+' ~ code ~ '\\3'
    ) -%}

    {#- Whatever is not E.164 by now is left empty. -#}
    {%- set text = regex_replace(text, '^([+][1-9][0-9]{7,14}$)?.*$', '\\1') -%}
    nullif({{ text }}, '')
{%- endmacro %}
