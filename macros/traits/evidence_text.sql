{#
    Traits with their values, as text for people; of an instant the day. What is empty is left out,
    and the text is empty when all are.

    {{ evidence_text(['visit_count_7d', 'last_engaged_at']) }}
    →  nullif(concat_ws(', ', 'visit_count_7d ' || regexp_replace(cast(visit_count_7d …), …), …), '')
#}
{% macro evidence_text(traits) -%}
    {%- set parts = [] -%}
    {%- for trait in traits -%}
        {%- set value = 'cast(' ~ trait ~ ' as date)' if trait.endswith('_at') else trait -%}
        {%- set text = 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {#- A whole number is written as one, whatever type holds it. -#}
        {%- do parts.append("'" ~ trait ~ " ' || regexp_replace(" ~ text ~ ", '[.]0$', '')") -%}
    {%- endfor -%}
    nullif(concat_ws(', ', {{ parts | join(', ') }}), '')
{%- endmacro %}
