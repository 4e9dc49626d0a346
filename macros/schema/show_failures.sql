{#
    Print the rows of each test that failed or warned, so that its message names the thing.

    FAIL behavior_rules_do_not_tie: 2 rows
      Two rules that fit the same events equally well and disagree: raise one's precedence.
        source=segment  event_name=page_viewed  page_path=/pricing  …
        source=segment  event_name=page_viewed  page_path=/features  …

    Runs at the end of each run, over its results. Of more than five rows the first five are shown,
    with the file whose query gives all of them. A test whose query broke has no rows; dbt has said
    why.
#}
{% macro show_failures(results) -%}
    {%- for result in results
        if execute
        and result.node.resource_type == 'test'
        and result.status in ('fail', 'warn')
        and result.node.compiled_code -%}
        {%- set test = result.node -%}
        {%- set shown = 5 -%}
        {%- do print('') -%}
        {%- do print(
            result.status | upper ~ ' ' ~ test.name ~ ': ' ~ result.failures
            ~ (' row' if result.failures == 1 else ' rows')
        ) -%}
        {%- for line in (test.description or leading_comment(test.raw_code)).splitlines() -%}
            {%- do print('  ' ~ line) -%}
        {%- endfor -%}
        {#- Wrapped as dbt wraps it to count the rows: what broke no count breaks nothing here. -#}
        {%- set rows = 'select * from (\n' ~ test.compiled_code ~ '\n) as failures limit ' ~ shown -%}
        {%- for row in run_query(rows).rows -%}
            {%- set values = [] -%}
            {%- for column, value in row.dict().items() -%}
                {%- set text = 'null' if value is none else value | string -%}
                {#- Whoever reads a log need not know whom it is about. -#}
                {%- if column | lower in ['first_name', 'last_name', 'name', 'phone'] -%}
                    {%- set text = text[:1] ~ '***' -%}
                {%- endif -%}
                {%- set text = modules.re.sub('([^\\s@])[^\\s@]*@', '\\1***@', text) -%}
                {%- do values.append(column ~ '=' ~ text | truncate(80, true, '…', 0)) -%}
            {%- endfor -%}
            {%- do print('    ' ~ values | join('  ')) -%}
        {%- endfor -%}
        {%- if result.failures > shown -%}
            {%- do print('    … and ' ~ (result.failures - shown) ~ ' more: ' ~ test.compiled_path) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
