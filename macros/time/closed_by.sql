{#
    When a deal that its CRM calls won or lost was closed: on its close date, and at the latest when it
    was loaded as closed. People leave the date on which they hoped to close, or none.

    {{ closed_by('closed_at', 'loaded_at') }}  →  least(coalesce(closed_at, loaded_at), loaded_at)
#}
{% macro closed_by(closed_at, loaded_at) -%}
    least(coalesce({{ closed_at }}, {{ loaded_at }}), {{ loaded_at }})
{%- endmacro %}
