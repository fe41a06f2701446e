{#
  Why: dbt-athena lets no strategy but its own through to Iceberg tables. `replace` goes down its path of `merge`, which makes
  the temporary table and then asks iceberg_merge for the statement. No other adapter asks this macro.
#}
{% macro validate_get_incremental_strategy(raw_strategy, table_type) %}
    {{ return('merge' if raw_strategy == 'replace' else dbt.validate_get_incremental_strategy(raw_strategy, table_type)) }}
{% endmacro %}
