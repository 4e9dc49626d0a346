{#
    Count what a table holds, where the planner would else guess: on PostgreSQL, whose statistics come
    minutes after a build, one join over new tables took twenty times as long.

    post_hook: "{{ analyze(this) }}"  →  analyze "warehouse"."marts"."profile_traits"
#}
{% macro analyze(relation) -%}
    {{ return(adapter.dispatch('analyze')(relation)) }}
{%- endmacro %}

{% macro default__analyze(relation) %}{% endmacro %}

{% macro postgres__analyze(relation) -%}
    {%- if model.config.materialized != 'view' %}analyze {{ relation }}{% endif -%}
{%- endmacro %}
