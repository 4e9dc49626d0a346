{#
    An identifier as the void ones are spelled: in lower case, without what nobody sees, without
    quotes, commas and semicolons around it, and with _ for blanks and dashes between two letters.

    {{ void_spelling('user_id') }}
    →  'Not Logged-In' gives 'not_logged_in', '"null";' gives 'null', 'user-1' stays
#}
{% macro void_spelling(identifier) -%}
    {{ regex_replace(
        lower_text(regex_replace(
            trimmed(without_unseen(identifier)), '^[ "\'`;,]+|[ "\'`;,]+$', ''
        )),
        '([a-z])[ ,_-]+([a-z])', '\\1_\\2'
    ) }}
{%- endmacro %}
