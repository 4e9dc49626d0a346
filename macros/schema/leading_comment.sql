{#
    The comment that a file of SQL begins with, without its dashes; nothing when it has none.

    leading_comment('-- No row is lost.\n-- A row is one.\nselect 1')  →  'No row is lost.\nA row is one.'
#}
{% macro leading_comment(code) -%}
    {%- set comment = modules.re.match('(--.*\n)*', code.lstrip()).group() -%}
    {%- set lines = [] -%}
    {%- for line in comment.splitlines() if not line.startswith('-- depends_on:') -%}
        {%- do lines.append(line[2:].strip()) -%}
    {%- endfor -%}
    {{ return(lines | join('\n')) }}
{%- endmacro %}
