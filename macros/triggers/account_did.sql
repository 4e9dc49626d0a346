{#
    True when the people of a profile's account together did something at least so often in the
    last so many days, or ever. The segment joins account_traits.

    {{ account_did('research', at_least=3, within_days=14) }}
    →  (account_research_count_14d >= 3)
#}
{% macro account_did(behavior, at_least=1, within_days='ever') -%}
    {%- set call = "account_did('" ~ behavior ~ "', at_least=" ~ at_least ~ ", within_days=" ~ within_days ~ ")" -%}
    {{- check_number(call, 'at_least', at_least, 1) -}}
    ({{ counted_column(call, behavior, within_days, of='account') }} >= {{ at_least }})
{%- endmacro %}
