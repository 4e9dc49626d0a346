{#
    An identifier as text without surrounding blanks; null when nothing is left. A whole number is
    one without a fraction: 10432.0, as columns of numbers with gaps are written, is 10432.

    {{ clean_id('user_id') }}
    →  case when … like '%.0%' then regexp_replace(…, '^([0-9]+)[.]0+$', '\1', 'g') else nullif(trim(…), '') end

    A word such as `undefined` stays as it came: seeds/identity_rules.csv says what identifies
    nobody. What is read and not looked up (names, titles) is for clean_text.
#}
{% macro clean_id(column) -%}
    case
        when cast({{ column }} as {{ dbt.type_string() }}) like '%.0%'
            then {{ regex_replace(clean_text(column), '^([0-9]+)[.]0+$', '\\1') }}
        else {{ clean_text(column) }}
    end
{%- endmacro %}
