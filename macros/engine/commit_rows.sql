{#
  Why: ends the transaction of a model's rows before bookkeeping is written to another database, where the engine allows a
  transaction one database only (DuckDB with an attached lake). Progress comes after the rows, so it may be lost, never ahead.
  The DuckDB file then shows the table of the lake by a view, to whoever opens it.
#}
{% macro commit_rows(rows) -%}{{ return(adapter.dispatch('commit_rows', 'media_stream_analytics')(rows)) }}{%- endmacro %}

{% macro default__commit_rows(rows) %}{% endmacro %}
{% macro redshift__commit_rows(rows) %}{% endmacro %}
{% macro duckdb__commit_rows(rows) %}
    {%- if in_lake(rows) -%}
        {%- do adapter.commit() -%}
        {%- do adapter.ensure_transaction() -%}
        {%- do show_in_file(rows) -%}
    {%- endif -%}
{% endmacro %}
