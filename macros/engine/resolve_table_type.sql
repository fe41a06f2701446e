{#
  Why: the temporary table of a unit test is a Hive table for dbt-athena, because the test does not carry its model's
  configuration; Athena's Hive tables cannot hold a timestamp(6), so it is Iceberg's too. No other adapter asks this macro.
#}
{% macro resolve_table_type() %}
    {{ return('iceberg' if model.resource_type == 'unit_test' else dbt.resolve_table_type()) }}
{% endmacro %}
