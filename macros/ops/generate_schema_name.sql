{#
  Where every relation lives: the schema of its folder (dbt_project.yml). On a warehouse the target's schema stands before it,
  which names the environment (profiles/profiles.yml): media_dev_marts, media_prod_marts. On an embedded target, whose schema
  is main, the folder of the file is the environment, and a newcomer reads `marts.fct_playback`. The source's schema follows
  the same rule: ingestion/contract/sources.py.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}{{ target.schema }}
    {%- elif target.schema == 'main' -%}{{ custom_schema_name | trim }}
    {%- else -%}{{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
