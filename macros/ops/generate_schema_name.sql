{#
  Where every relation lives: the schema of its folder (dbt_project.yml), with the target's schema before it unless that is
  the warehouse's default one. A newcomer reads `marts.fct_playback`; two developers on one warehouse do not meet.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set own = (custom_schema_name or target.schema) | trim -%}
    {%- if custom_schema_name is none or target.schema | lower in ('main', 'public') -%}{{ own }}
    {%- else -%}{{ target.schema }}_{{ own }}
    {%- endif -%}
{%- endmacro %}
