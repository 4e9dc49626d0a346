{#
    Traits with their values, as text for people; of an instant the day. What is empty is left out,
    and the text is empty when all are.

    {{ evidence_text(['visit_count_7d', 'last_engaged_at']) }}
    →  nullif(concat_ws(', ', 'visit_count_7d ' || regexp_replace(cast(cast(visit_count_7d as decimal(38, 6)) …), …), …), '')
#}
{% macro evidence_text(traits) -%}
    {%- set parts = [] -%}
    {%- for trait in traits -%}
        {%- if trait.endswith('_at') -%}
            {%- set text = 'cast(cast(' ~ trait ~ ' as date) as ' ~ dbt.type_string() ~ ')' -%}
        {%- elif trait.startswith(('is_', 'has_', 'did_')) -%}
            {%- set text = 'cast(' ~ trait ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- else -%}
            {%- set text = number_text(trait) -%}
        {%- endif -%}
        {%- do parts.append("'" ~ trait ~ " ' || " ~ text) -%}
    {%- endfor -%}
    nullif({{ join_texts(', ', parts) }}, '')
{%- endmacro %}
