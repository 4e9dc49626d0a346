{#
    The id of an e-mail event that its provider gives none: what happened to whom, with which message
    and link, and when. A retry may be spaced or signed anew, so it does not depend on the text.

    {{ email_event_hash() }}  →  md5(coalesce(provider_event, '') || '|' || coalesce(email, '') || …)
#}
{% macro email_event_hash() -%}
    {{ dbt.hash(dbt.concat([
        "coalesce(provider_event, '')", "'|'",
        "coalesce(email, '')", "'|'",
        "coalesce(message_id, '')", "'|'",
        "coalesce(clicked_url, '')", "'|'",
        "coalesce(cast(" ~ epoch_micros('occurred_at') ~ " as " ~ dbt.type_string() ~ "), '')",
    ])) }}
{%- endmacro %}
