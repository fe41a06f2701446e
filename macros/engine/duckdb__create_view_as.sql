{# Why: a view of the DuckDB file reads the lake's tables where the file shows them, so that it needs no catalogue either. #}
{% macro duckdb__create_view_as(relation, sql) -%}
    {%- set lake, file = adapter.quote('lake') ~ '.', adapter.quote(target.database) ~ '.' -%}
    {{ return(dbt.duckdb__create_view_as(relation, sql | replace(lake, file) if lake_is_ours() else sql)) }}
{%- endmacro %}
