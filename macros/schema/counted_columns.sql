{#
    What each column of a trait model means that is there because some model reads it, or because var
    crm_properties names it, by name.

    counted_columns('profile_traits')
    →  {'pricing_page_viewed_count_7d': 'How often the person did pricing_page_viewed in the last 7 days.', …}
#}
{% macro counted_columns(model_name) -%}
    {%- set found = {} -%}
    {%- if model_name == 'account_traits' -%}
        {%- for trait in recorded_traits('account count') -%}
            {%- do found.update({trait.column: 'How often the people of the account did '
                ~ trait.behavior ~ ' ' ~ window_in_words(trait.window) ~ '.'}) -%}
        {%- endfor -%}
        {%- for name in crm_properties('company') -%}
            {%- do found.update({'account_crm_' ~ name: 'Property ' ~ name ~ ' of the company in the CRM.'}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for object in ['contact', 'company', 'deal'] -%}
            {%- for name in crm_properties(object) -%}
                {%- do found.update({'crm_' ~ name: 'Property ' ~ name ~ ' of the person\'s ' ~ object ~ ' in the CRM.'}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for trait in counted_traits() -%}
            {%- set how_many = {
                'events': 'How often', 'visits': 'In how many visits', 'days': 'On how many days (UTC)',
                'objects': 'With how many different objects',
            }[trait.counting] -%}
            {%- do found.update({trait.column: how_many ~ ' the person did '
                ~ trait.behavior ~ ' ' ~ window_in_words(trait.window) ~ '.'}) -%}
        {%- endfor -%}
        {%- for bounce in bounce_traits() -%}
            {%- do found.update({bounce.column: 'Visits of the last 7 days that '
                ~ ('ended with ' if bounce.is_bounce else 'went on after ')
                ~ bounce.page ~ ', without ' ~ bounce.goal ~ '.'}) -%}
        {%- endfor -%}
        {%- for order in ordered_traits() -%}
            {%- do found.update({order.column: 'True when the person did '
                ~ steps_in_words(order.steps) ~ ', all ' ~ window_in_words(order.window) ~ '.'}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
