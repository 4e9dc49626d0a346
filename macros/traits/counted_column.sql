{#
    The trait that counts a behavior in a window, for a trigger; stops the parse when there is none
    and says which line to add. `counted_in` is the var that lists what is counted.

    counted_column("did('pricing_page_viewed', …)", 'pricing_page_viewed', 30, 'counted_behaviors')
    →  pricing_page_viewed_count_30d
#}
{% macro counted_column(call, behavior, window, counted_in) -%}
    {%- set counted = var(counted_in) -%}
    {%- set model = 'account_traits' if 'account' in counted_in else 'profile_traits' -%}
    {%- set column = ('account_' if 'account' in counted_in else '') ~ count_trait(behavior, window) -%}
    {%- if window not in counted.get(behavior, []) -%}
        {%- set windows = (counted.get(behavior, []) | list) + [window] -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": "
            ~ ("there is no such window. Choose from " ~ counted[behavior] | join(', ')
                if behavior in counted
                else "this is not counted. Counted are: " ~ counted | sort | join(', '))
            ~ ". Or write the line\n    " ~ behavior ~ ": [" ~ windows | join(', ') ~ "]\nin var "
            ~ counted_in ~ " of dbt_project.yml, and add the column " ~ column ~ " to " ~ model
            ~ " in models/marts/people/_people__models.yml."
        ) }}
    {%- endif -%}
    {{ return(count_trait(behavior, window)) }}
{%- endmacro %}
