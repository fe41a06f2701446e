{# Why: true for a table of the Iceberg catalogue that the target `lake` attaches (ingestion/lake); DuckDB writes those in another way. #}
{% macro in_lake(relation) -%}{{ return((relation.database or '') | lower == 'lake') }}{%- endmacro %}
