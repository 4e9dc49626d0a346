{#
    The trait that counts a behavior in a window. Naming it is enough to have it counted. `of` is
    person, or account for the sum over the people of an account.

    counted_column("did('pricing_page_viewed', within_days=30)", 'pricing_page_viewed', 30)
    →  pricing_page_viewed_count_30d
#}
{% macro counted_column(call, behavior, window, of='person') -%}
    {{- check_behavior(call, behavior) -}}
    {{- check_window(call, window) -}}
    {%- set kind = 'account count' if of == 'account' else 'count' -%}
    {%- set column = ('account_' if of == 'account' else '') ~ count_trait(behavior, window) -%}
    {{- record_trait(kind, column, call, {'behavior': behavior, 'window': window}) -}}
    {{ return(column) }}
{%- endmacro %}
