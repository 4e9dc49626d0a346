{#
    Writes down in the model that is being parsed which trait it reads, so that the trait models
    can compute just that. `kind` is count, account count, order or bounce; `call` is what the
    author of the model wrote, for errors.

    record_trait('count', 'pricing_page_viewed_count_3d', "did('pricing_page_viewed', within_days=3)",
                 {'behavior': 'pricing_page_viewed', 'window': 3})
    →  config.meta of the model gets the key 'count pricing_page_viewed_count_3d'

    Every trait has a key of its own, because a second config() in a file replaces equal keys.
#}
{% macro record_trait(kind, column, call, details) -%}
    {%- set key = [kind, column] + ([details.goal] if details.goal is defined else []) -%}
    {%- do config(meta={key | join(' '): dict(details, kind=kind, column=column, call=call)}) -%}
{%- endmacro %}
