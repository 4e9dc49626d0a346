{#
    A user id that clean_id cleaned; one that is an address in the form that all spellings of the
    address share.

    {{ clean_user_id('user_id') }}  →  'Ann@Example.com' becomes 'ann@example.com', 'Ann' stays
#}
{% macro clean_user_id(column) -%}
    case
        when {{ column }} like '%@%' then coalesce({{ clean_email(column) }}, {{ column }})
        else {{ column }}
    end
{%- endmacro %}
