{#
    An identifier of a person or device as text; null when it is empty or one of the words that
    broken trackers send instead of an id (var blocked_identifier_values).

    {{ clean_identifier('user_id') }}
    →  case
           when lower(trim(cast(user_id as varchar))) not in ('', 'undefined', 'null', …)
               then trim(cast(user_id as varchar))
       end

    One `undefined` taken for an id would make one person of everybody who ever had it.
#}
{% macro clean_identifier(column) -%}
    {%- set text = 'trim(cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ '))' -%}
    case
        when lower({{ text }}) not in ('', '{{ var("blocked_identifier_values") | join("', '") }}')
            then {{ text }}
    end
{%- endmacro %}
