{#
    Traits with their values, as text for people: numbers without zeros at their end, of an instant
    the day. What is empty is left out, and the text is empty when all are. How a trait is written
    follows from the type that its YAML states; of what is counted because a rule asks, `did_…` is
    true or false, and the rest are numbers.

    {{ evidence_text(['visit_count_7d', 'last_engaged_at']) }}
    →  nullif(concat_ws(', ', 'visit_count_7d ' || regexp_replace(cast(cast(visit_count_7d as decimal(38, 6)) …), …), …), '')
#}
{% macro evidence_text(traits) -%}
    {%- set types = trait_types() -%}
    {%- set parts = [] -%}
    {%- for trait in traits -%}
        {%- set type = types.get(trait, 'boolean' if trait.startswith('did_') else 'double') -%}
        {%- if type == 'timestamp' -%}
            {%- set text = 'cast(cast(' ~ trait ~ ' as date) as ' ~ dbt.type_string() ~ ')' -%}
        {%- elif type == 'boolean' -%}
            {%- set text = 'cast(' ~ trait ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- elif type == 'string' -%}
            {%- set text = trait -%}
        {%- else -%}
            {%- set text = number_text(trait) -%}
        {%- endif -%}
        {%- do parts.append("'" ~ trait ~ " ' || " ~ text) -%}
    {%- endfor -%}
    nullif({{ join_texts(', ', parts) }}, '')
{%- endmacro %}
