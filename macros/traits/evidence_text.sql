{#
    Traits with their values, as text for people; of an instant the day. What is empty is left out,
    and the text is empty when all are.

    {{ evidence_text(['visit_count_7d', 'last_engaged_at']) }}
    →  nullif(concat_ws(', ', 'visit_count_7d ' || cast(visit_count_7d as …), …), '')
#}
{% macro evidence_text(traits) -%}
    {%- set parts = [] -%}
    {%- for trait in traits -%}
        {%- set value = 'cast(' ~ trait ~ ' as date)' if trait.endswith('_at') else trait -%}
        {%- do parts.append(
            "'" ~ trait ~ " ' || cast(" ~ value ~ " as " ~ dbt.type_string() ~ ")"
        ) -%}
    {%- endfor -%}
    nullif(concat_ws(', ', {{ parts | join(', ') }}), '')
{%- endmacro %}
