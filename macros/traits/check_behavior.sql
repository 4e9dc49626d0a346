{#
    Stops the parse when what a trigger asks about cannot be the name of a behavior. Whether the
    catalogue has it is seen later, by check_behaviors: no seed can be read while dbt parses.

    check_behavior("did('Pricing page')", 'Pricing page')
    →  did('Pricing page'): 'Pricing page' is no name of a behavior. Names are snake case, …
#}
{% macro check_behavior(call, behavior) -%}
    {%- if behavior is not string or not modules.re.fullmatch('[a-z][a-z0-9_]*', behavior) -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": '" ~ behavior ~ "' is no name of a behavior. Names are snake case, such as "
            ~ "'pricing_page_viewed': a behavior of seeds/behaviors.csv, a stage such as "
            ~ "'decision_stage', 'research' or 'engagement'."
        ) }}
    {%- endif -%}
{%- endmacro %}
