{#
    True when a profile left its last so many e-mails unopened, each for longer than the grace.

    {{ ignored_in_a_row(5) }}  →  (consecutive_emails_ignored >= 5)
#}
{% macro ignored_in_a_row(emails) -%}
    {{- check_number("ignored_in_a_row(" ~ emails ~ ")", 'the number of e-mails', emails, 1) -}}
    (consecutive_emails_ignored >= {{ emails }})
{%- endmacro %}
