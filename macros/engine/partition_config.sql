{#
  Why: each engine has its own word for "rows of one date lie together". Returns the model configuration as a dictionary;
  empty where the engine needs none (DuckDB keeps minima and maxima of each row group).
  Trap: Athena writes at most 100 partitions a statement, so months there.
#}
{% macro partition_config(column) -%}
    {{ return(adapter.dispatch('partition_config', 'media_stream_analytics')(column)) }}
{%- endmacro %}

{% macro default__partition_config(column) %}{{ return({}) }}{% endmacro %}
{% macro athena__partition_config(column) %}{{ return({'partitioned_by': ['month(' ~ column ~ ')']}) }}{% endmacro %}
{% macro snowflake__partition_config(column) %}{{ return({'cluster_by': [column]}) }}{% endmacro %}
{% macro redshift__partition_config(column) %}{{ return({'sort': column}) }}{% endmacro %}
