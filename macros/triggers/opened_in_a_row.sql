{#
    True when a profile opened or clicked its last so many e-mails.

    {{ opened_in_a_row(3) }}  →  (consecutive_emails_opened >= 3)
#}
{% macro opened_in_a_row(emails) -%}
    {{- check_number("opened_in_a_row(" ~ emails ~ ")", 'the number of e-mails', emails, 1) -}}
    (consecutive_emails_opened >= {{ emails }})
{%- endmacro %}
