{#
    A text without the blanks, tabs, line ends and no-break spaces around it. Engines' own trim()
    takes off now one, now all of them.

    {{ trimmed('email') }}
    →  case when regexp_matches(email, '^[!-~](.*[!-~])?$') then email
           else trim(email, ' ' || chr(9) || chr(10) || chr(13) || chr(160)) end
#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(
        text, dbt.concat(["' '", 'chr(9)', 'chr(10)', 'chr(13)', 'chr(160)'])
    )) }}
{%- endmacro %}

{% macro default__trimmed(text, blanks) -%}
    trim({{ text }}, {{ blanks }})
{%- endmacro %}

{# Most texts begin and end with a letter or a sign, which is cheaper to see than to look for blanks. #}
{% macro duckdb__trimmed(text, blanks) -%}
    case
        when regexp_matches({{ text }}, '^[!-~](.*[!-~])?$') then {{ text }}
        else trim({{ text }}, {{ blanks }})
    end
{%- endmacro %}

{% macro postgres__trimmed(text, blanks) -%}
    btrim({{ text }}, {{ blanks }})
{%- endmacro %}

{% macro spark__trimmed(text, blanks) -%}
    trim(both {{ blanks }} from {{ text }})
{%- endmacro %}
