{#
    The trait that counts a behavior in a window. Naming it is enough to have it counted. `of` is
    person, or account for the sum over the people of an account; `counting` is events, or, of a
    person, visits, days or objects.

    counted_column("did('pricing_page_viewed', within_days=30)", 'pricing_page_viewed', 30)
    →  pricing_page_viewed_count_30d
#}
{% macro counted_column(call, behavior, window, of='person', counting='events') -%}
    {{- check_behavior(call, behavior) -}}
    {{- check_window(call, window) -}}
    {%- if counting not in ('events', 'visits', 'days', 'objects') -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": counting must be 'events', 'visits', 'days' or 'objects'"
        ) }}
    {%- endif -%}
    {%- set kind = 'account count' if of == 'account' else 'count' -%}
    {%- set column = ('account_' if of == 'account' else '') ~ count_trait(behavior, window, counting) -%}
    {%- set details = {'behavior': behavior, 'window': window, 'counting': counting} -%}
    {{- record_trait(kind, column, call, details) -}}
    {{ return(column) }}
{%- endmacro %}
