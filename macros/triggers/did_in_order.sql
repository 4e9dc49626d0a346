{#
    True when a profile did one thing and later another, both in the last so many days.

    {{ did_in_order('content_downloaded', 'page_viewed', within_days=30) }}
    →  (did_content_downloaded_then_page_viewed_30d)

    Only what var ordered_behaviors names is known; anything else stops the parse.
#}
{% macro did_in_order(first, then, within_days) -%}
    {%- set known = [] -%}
    {%- for order in var('ordered_behaviors') -%}
        {%- do known.append(ordered_trait(order.first, order.then, order.days)) -%}
    {%- endfor -%}
    {%- set trait = ordered_trait(first, then, within_days) -%}
    {%- if trait not in known -%}
        {{ exceptions.raise_compiler_error(
            "did_in_order('" ~ first ~ "', '" ~ then ~ "', within_days=" ~ within_days ~ "): nobody looks "
            ~ "for that. Known are: " ~ known | join(', ') ~ ". Add the line\n    - {first: " ~ first
            ~ ", then: " ~ then ~ ", days: " ~ within_days ~ "}\nto var ordered_behaviors in "
            ~ "dbt_project.yml, and the column " ~ trait ~ " to profile_traits in "
            ~ "models/marts/people/_people__models.yml."
        ) }}
    {%- endif -%}
    ({{ trait }})
{%- endmacro %}
