{#
    True for the row of int_identity_clusters_history that held just before a build.

    {{ held_before('history', '7') }}
    →  history.revision < 7 and coalesce(history.closing_revision, 7) >= 7
#}
{% macro held_before(history, revision) -%}
    {{ history }}.revision < {{ revision }}
    and coalesce({{ history }}.closing_revision, {{ revision }}) >= {{ revision }}
{%- endmacro %}
