{#
  Why: on a target with the plugin of the lake, tables of marts and KPIs go to its Iceberg catalogue.
  Trap: DuckDB keeps no views in an Iceberg catalogue, and a transaction writes to one database only, so views and what is
  intermediate stay in the DuckDB file.
#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {%- set plugins = target.get('plugins') or [] -%}
    {%- set lake = plugins | selectattr('module', 'equalto', 'ingestion.lake.plugin') | list -%}
    {%- if custom_database_name is none and lake and node.config.schema in ('marts', 'kpi') and node.config.materialized != 'view' -%}
        lake
    {%- else -%}
        {{ default__generate_database_name(custom_database_name, node) | trim }}
    {%- endif -%}
{%- endmacro %}
