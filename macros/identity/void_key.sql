{#
    How an identifier is looked up among the void ones: in lower case; as 0 when it is made of zeros,
    dashes, dots and colons alone, as ? when it is one character, and as <> when it is what a
    template left behind that nobody filled in.

    {{ void_key('user_id') }}
    →  'Undefined' gives 'undefined', '0000-0000' gives '0', 'x' gives '?', '${user.id}' gives '<>'
#}
{% macro void_key(identifier) -%}
    case
        when translate({{ identifier }}, '0-.:', '') = '' then '0'
        when length({{ identifier }}) = 1 then '?'
        when {{ regex_matches(identifier, '^(.?[{].*[}]|%.*%|<.*>|[*][|].*[|][*])$') }} then '<>'
        else {{ lower_text(identifier) }}
    end
{%- endmacro %}
