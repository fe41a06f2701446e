{#
  Why: dbt-duckdb builds a table under another name and renames it, which an Iceberg catalogue does not allow in one
  transaction. It has a way without renaming, for tables with foreign keys; tables of the lake take it too.
#}
{% macro has_foreign_key_constraints(relation=none) -%}
    {{ return(in_lake(this) or dbt.has_foreign_key_constraints(relation)) }}
{%- endmacro %}
