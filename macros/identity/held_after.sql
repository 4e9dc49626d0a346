{#
    True for the row of int_identity_clusters_history that held just after a build.

    {{ held_after('history', '7') }}
    →  history.revision <= 7 and coalesce(history.closing_revision, 8) > 7
#}
{% macro held_after(history, revision) -%}
    {{ history }}.revision <= {{ revision }}
    and coalesce({{ history }}.closing_revision, {{ revision }} + 1) > {{ revision }}
{%- endmacro %}
