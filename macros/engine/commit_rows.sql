{#
  Why: ends the transaction of a model's rows before bookkeeping is written to another database, where the engine allows a
  transaction one database only (DuckDB with an attached lake). Progress comes after the rows, so it may be lost, never ahead.
#}
{% macro commit_rows(rows, bookkeeping) -%}{{ return(adapter.dispatch('commit_rows', 'media_stream_analytics')(rows, bookkeeping)) }}{%- endmacro %}

{% macro default__commit_rows(rows, bookkeeping) %}{% endmacro %}
{% macro redshift__commit_rows(rows, bookkeeping) %}{% endmacro %}
{% macro duckdb__commit_rows(rows, bookkeeping) %}
    {%- if rows.database != bookkeeping.database -%}{%- do adapter.commit() -%}{%- endif -%}
{% endmacro %}
