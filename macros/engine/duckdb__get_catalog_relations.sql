{# Why: DuckDB reads the columns of an Iceberg table when it is first asked for, so `dbt docs` has to ask for each table. #}
{% macro duckdb__get_catalog_relations(information_schema, relations) -%}
    {%- for relation in relations if in_lake(relation) -%}{%- do run_query('describe ' ~ relation) -%}{%- endfor -%}
    {{ return(dbt.duckdb__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}
