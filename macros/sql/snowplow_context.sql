{#
    A Snowplow context or self-describing event as JSON, under whichever name a loader gave its
    column: with the whole version of the schema (_1_0_0) or with the first number of it (_1). What
    is no JSON is null.

    {{ snowplow_context('contexts_com_snowplowanalytics_snowplow_client_session', ['1_0_2', '1']) }}
    →  coalesce(json of contexts_…_client_session_1_0_2, json of contexts_…_client_session_1)
#}
{% macro snowplow_context(name, versions) -%}
    coalesce(
        {%- for version in versions %}
        {{ json_or_null(name ~ '_' ~ version) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
