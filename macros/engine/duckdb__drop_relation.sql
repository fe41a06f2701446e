{# Why: Iceberg knows no CASCADE; nothing hangs on a table of the lake. #}
{% macro duckdb__drop_relation(relation) -%}
    {%- if not in_lake(relation) -%}{{ return(dbt.duckdb__drop_relation(relation)) }}{%- endif -%}
    {%- call statement('drop_relation', auto_begin=False) -%}drop {{ relation.type }} if exists {{ relation }}{%- endcall -%}
{%- endmacro %}
