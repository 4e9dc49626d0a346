{#
    A floating point number as text, without a fraction when it is whole: an id that came as a number
    is the same text as one that came as an integer.

    {{ whole_number_text('user_id') }}
    →  case when user_id = floor(user_id) and abs(user_id) < 9e15
           then cast(cast(user_id as bigint) as varchar) else cast(user_id as varchar) end
#}
{% macro whole_number_text(number) -%}
    case
        when {{ number }} = floor({{ number }}) and abs({{ number }}) < 9e15
            then cast(cast({{ number }} as {{ dbt.type_bigint() }}) as {{ dbt.type_string() }})
        else cast({{ number }} as {{ dbt.type_string() }})
    end
{%- endmacro %}
