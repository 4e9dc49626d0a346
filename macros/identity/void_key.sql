{#
    How an identifier is looked up among the void ones: in lower case, and as 0 when it is made of
    zeros, dashes, dots and colons alone.

    {{ void_key('user_id') }}  →  'Undefined' gives 'undefined', '0000-0000' gives '0'
#}
{% macro void_key(identifier) -%}
    case when translate({{ identifier }}, '0-.:', '') = '' then '0' else {{ lower_text(identifier) }} end
{%- endmacro %}
