{#
    The e-mail providers that are read, each by a model stg_email__<provider> with the same columns.

    {{ email_providers() }}  →  ['sendgrid', 'mailgun', 'postmark', …]
#}
{% macro email_providers() -%}
    {{ return([
        'sendgrid', 'mailgun', 'postmark', 'amazon_ses', 'brevo', 'mailersend', 'mailjet', 'mailtrap',
        'mandrill', 'postal', 'resend', 'sparkpost', 'unisender_go', 'mailchimp', 'klaviyo',
        'customer_io', 'braze',
    ]) }}
{%- endmacro %}
