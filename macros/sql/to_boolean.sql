{#
    A boolean from text; null when it says neither yes nor no.

    {{ to_boolean('is_deleted') }}
    →  case when lower(trim(cast(is_deleted as varchar))) in ('true', 't', 'yes', 'y', '1', '1.0') then true
           when … in ('false', 'f', 'no', 'n', '0', '0.0') then false end
#}
{% macro to_boolean(value) -%}
    {%- set text = 'lower(' ~ trimmed('cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')') ~ ')' -%}
    case
        when {{ text }} in ('true', 't', 'yes', 'y', '1', '1.0') then true
        when {{ text }} in ('false', 'f', 'no', 'n', '0', '0.0') then false
    end
{%- endmacro %}
