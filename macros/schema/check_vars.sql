{#
    Stop when --vars sets a var that nothing reads: a misspelt as_of would be the clock of the wall.

    Runs before each run. Known are the vars of dbt_project.yml and those that a model or macro reads
    with a default of its own.
#}
{% macro check_vars() -%}
    {%- if execute -%}
        {%- set known = builtins.ref.config.vars.to_dict().keys() | list -%}
        {%- set manifest = builtins.ref.manifest -%}
        {%- set codes = manifest.nodes.values() | map(attribute='raw_code') | select | list -%}
        {%- for macro in manifest.macros.values() if macro.package_name == project_name -%}
            {%- do codes.append(macro.macro_sql) -%}
        {%- endfor -%}
        {#- A source that is switched off is no reason not to know its vars. -#}
        {%- for versions in manifest.disabled.values() -%}
            {%- do codes.extend(versions | selectattr('raw_code', 'defined') | map(attribute='raw_code')) -%}
        {%- endfor -%}
        {%- for code in codes -%}
            {%- do known.extend(modules.re.findall('\\bvar[(]\\s*["\'](\w+)', code)) -%}
        {%- endfor -%}
        {%- for name in invocation_args_dict.vars if name not in known -%}
            {{ exceptions.raise_compiler_error(
                "--vars sets '" ~ name ~ "', which nothing reads. There are: "
                ~ known | unique | sort | join(', ')
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
