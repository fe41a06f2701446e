{#
  Why: when a statement of a transaction fails, Snowflake leaves the transaction open, dbt goes on with the next model in the same
  session, and the next model's DDL commits what stood before the failure: rows deleted and not inserted. So each model begins by
  rolling back; where nothing is open that does nothing. The other engines' adapters roll back by themselves.
#}
{% macro end_transaction() -%}{{ return(adapter.dispatch('end_transaction', 'media_stream_analytics')()) }}{%- endmacro %}

{% macro default__end_transaction() %}{{ return('') }}{% endmacro %}
{% macro redshift__end_transaction() %}{{ return('') }}{% endmacro %}
{% macro snowflake__end_transaction() %}{{ return('rollback') }}{% endmacro %}
