{#
    Keep what var source_times says of formats beside the raw tables, for whoever looks at those
    without dbt (audiences validate).

    lay_source_times()  →  insert into intake.source_times values ('shop', '%m/%d/%Y')
#}
{% macro lay_source_times() -%}
    {{ return(adapter.dispatch('lay_source_times')()) }}
{%- endmacro %}

{% macro default__lay_source_times() -%}{%- endmacro %}

{% macro duckdb__lay_source_times() -%}
    {%- do run_query('delete from ' ~ intake_table('source_times')) -%}
    {%- for source, said in var('source_times').items() -%}
        {%- set formats = said.get('time_format', []) -%}
        {%- for format in ([formats] if formats is string else formats) -%}
            {%- do run_query(
                'insert into ' ~ intake_table('source_times') ~ ' values (' ~ text_literal(source) ~ ', '
                ~ text_literal(format) ~ ')'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
