{#
    An e-mail address in the one form that all its spellings share; null when it is none.

    {{ clean_email('email') }}  →  'Ann <mailto:Ann@Example.com>;' becomes 'ann@example.com'

    Signs that nobody sees are gone, blanks around it and beside the @ too; a blank within makes two
    words of it, which are no address: to close the gap would invent one.
#}
{% macro clean_email(column) -%}
    {%- set given = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set text = without_unseen(given) -%}
    {%- set text = lower_text(composed(text)) -%}

    {#- The address between the brackets of a name. -#}
    {%- set text = regex_replace(text, '^[^<>]*<([^<>]*)>[^<>]*$', '\\1') -%}

    {%- set text = regex_replace(text, ' *@ *', '@') -%}
    {%- set quotes = "'\"\u2018\u2019\u201c\u201d\u00ab\u00bb" -%}
    {%- set text = regex_replace(text, '^[ (<,;' ~ quotes ~ ']*(mailto:)?[ (<' ~ quotes ~ ']*', '') -%}
    {%- set text = regex_replace(text, '([?].*)?[ )>.,;' ~ quotes ~ ']*$', '') -%}

    {#- Whatever is no address by now is left empty. -#}
    {%- set text = regex_replace(text, '^(' ~ address_pattern() ~ '$)?.*$', '\\1') -%}

    {#- Nearly all addresses are plain already, which is ten times cheaper to see. -#}
    {%- set label = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?' -%}
    {%- set plain = '^[A-Za-z0-9_+-]+([.][A-Za-z0-9_+-]+)*@(' ~ label ~ '[.])+[A-Za-z][A-Za-z]+$' -%}
    case
        when {{ regex_matches(given, plain) }} then {{ lower_text(given) }}
        else nullif({{ text }}, '')
    end
{%- endmacro %}
