{#
    True for a reason that var quarantine_expected lists, alone or for its source. Columns source and
    quarantine_reason are read.

    {{ is_meant_to_be_set_aside() }}
    →  (quarantine_reason in ('test_order', …) or source || '.' || quarantine_reason in ('test_order', …))
#}
{% macro is_meant_to_be_set_aside() -%}
    {%- set expected = "('" ~ var('quarantine_expected') | join("', '") ~ "')" -%}
    (
        quarantine_reason in {{ expected }}
        or {{ dbt.concat(['source', "'.'", 'quarantine_reason']) }} in {{ expected }}
    )
{%- endmacro %}
