{#
  At the end of a run: what each check that passed has now looked at. A check that failed keeps its old progress, so that the
  next run looks at the same dates again, and does not forget them.
#}
{% macro record_checks(results) %}
    {%- set passed = [] -%}
    {%- for result in results if result.node.resource_type == 'test' and result.status == 'pass' and result.node.compiled_code -%}
        {%- set found = modules.re.search('window ([0-9]+)[.][.]([0-9]+)', result.node.compiled_code) -%}
        {%- if found and found.group(2) | int > found.group(1) | int -%}
            {%- do passed.append("('" ~ check_reader(result.node) ~ "', " ~ found.group(2) ~ ")") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and passed -%}
        {%- set progress = progress_relation() -%}
        insert into {{ progress }} (reader, load_seq) values {{ passed | join(', ') }}
    {%- endif -%}
{% endmacro %}
