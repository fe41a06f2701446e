{# Why: where the DuckDB file shows a table of the lake, by a view of the same schema and name. #}
{% macro in_file(table) -%}{{ return(table.incorporate(path={'database': target.database})) }}{%- endmacro %}
