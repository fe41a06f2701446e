{#
  Why: the portable types of contracts and of model columns, as an engine writes them in DDL.
  Traps: on Snowflake a bare `timestamp` has nine decimals and a text a given length, both of which an Iceberg table refuses;
  `bigint` means an 8-byte integer in an Iceberg table and number(38,0) in any other, and dbt compares the two.
#}
{% macro column_type(data_type) -%}{{ return(adapter.dispatch('column_type', 'media_stream_analytics')(data_type)) }}{%- endmacro %}

{% macro default__column_type(data_type) %}
    {{ return({'string': dbt.type_string(), 'timestamp': timestamp_type()}.get(data_type, data_type)) }}
{% endmacro %}

{% macro redshift__column_type(data_type) %}{{ return(media_stream_analytics.default__column_type(data_type)) }}{% endmacro %}

{% macro snowflake__column_type(data_type) %}
    {%- set types = {'string': 'string', 'timestamp': timestamp_type(), 'bigint': 'number(38,0)', 'integer': 'number(38,0)'} -%}
    {{ return(types.get(data_type, data_type)) }}
{% endmacro %}
