{# Why: an 8-byte float has no common name: `double` is unknown to Redshift, `double precision` to Trino, and DuckDB's float has 4 bytes. #}
{% macro double_type() -%}{{ return(adapter.dispatch('double_type', 'media_stream_analytics')()) }}{%- endmacro %}
{% macro default__double_type() %}{{ return('double') }}{% endmacro %}
{% macro redshift__double_type() %}{{ return('double precision') }}{% endmacro %}
