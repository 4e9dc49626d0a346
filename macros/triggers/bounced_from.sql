{#
    True when a visit that included a page in the last 7 days ended without reaching its goal.

    {{ bounced_from('demo_page_viewed') }}  →  (demo_page_viewed_bounce_count_7d >= 1)

    Only pages that var page_goals names have a goal; anything else stops the parse.
#}
{% macro bounced_from(behavior) -%}
    {%- if behavior not in var('page_goals') -%}
        {{ exceptions.raise_compiler_error(
            "bounced_from('" ~ behavior ~ "'): this page has no goal. Pages with one are: "
            ~ var('page_goals') | sort | join(', ') ~ ". Add the line\n    " ~ behavior
            ~ ": <the behavior that the page is for>\nto var page_goals in dbt_project.yml, and the "
            ~ "column " ~ behavior ~ "_bounce_count_7d to profile_traits in "
            ~ "models/marts/people/_people__models.yml."
        ) }}
    {%- endif -%}
    ({{ behavior }}_bounce_count_7d >= 1)
{%- endmacro %}
