{#
    The pattern of an e-mail address in lower case, the project's one test of what an address is: a
    local part without blanks, quotes, brackets or empty parts, and a domain with a dot whose last
    part is no number. Letters of any script count.

    {{ address_pattern() }}  →  fits ann.o'neil+news@mail.example.com; not a@b, a..b@c.de, a@-b.de
#}
{% macro address_pattern() -%}
    {%- set letter = 'a-z0-9\u00a1-\ud7ff' -%}
    {%- set atom = '[' ~ letter ~ "!#&'*+/=?_~-]+" -%}
    {%- set label = '[' ~ letter ~ ']([' ~ letter ~ '-]*[' ~ letter ~ '])?' -%}
    {%- set last_label = '([a-z\u00a1-\ud7ff][a-z\u00a1-\ud7ff]+|xn--[a-z0-9-]*[a-z0-9])' -%}
    {{ return(atom ~ '([.]' ~ atom ~ ')*@(' ~ label ~ '[.])+' ~ last_label) }}
{%- endmacro %}
