{#
  Why: a contract writes portable types; `string` is a name that Redshift does not know, and its own `text` holds 256 bytes and
  cuts what is longer in a cast. 65,535 bytes is its longest; no contract of ours bounds a text, so nothing shorter is safe.
  Traps: on Snowflake a bare `timestamp` has nine decimals, or a zone if the account says so, and an Iceberg table takes six
  and none; `bigint` is an 8-byte integer in an Iceberg table and number(38,0) in any other, and dbt compares the two.
#}
{% macro contract_type(data_type) -%}{{ return(adapter.dispatch('contract_type', 'media_stream_analytics')(data_type)) }}{%- endmacro %}

{% macro default__contract_type(data_type) %}{{ return(data_type) }}{% endmacro %}
{% macro redshift__contract_type(data_type) %}{{ return('varchar(65535)' if data_type == 'string' else data_type) }}{% endmacro %}
{% macro snowflake__contract_type(data_type) %}
    {{ return({'timestamp': timestamp_type(), 'bigint': 'number(38,0)', 'integer': 'number(38,0)'}.get(data_type, data_type)) }}
{% endmacro %}

{# dbt's own type of a text, for casts in models. #}
{% macro redshift__type_string() %}{{ return(media_stream_analytics.redshift__contract_type('string')) }}{% endmacro %}

{# The columns of a model, with these types: for the table that dbt makes, and for the comparison with the model's own. #}
{% macro redshift__get_table_columns_and_constraints() %}
    ({{ adapter.render_raw_columns_constraints(raw_columns=typed_columns(model.columns)) | join(', ') }})
{% endmacro %}

{% macro snowflake__get_table_columns_and_constraints() %}
    {{ return(media_stream_analytics.redshift__get_table_columns_and_constraints()) }}
{% endmacro %}

{% macro redshift__get_empty_schema_sql(columns) %}
    {{ return(dbt.default__get_empty_schema_sql(typed_columns(columns))) }}
{% endmacro %}

{% macro snowflake__get_empty_schema_sql(columns) %}
    {{ return(dbt.default__get_empty_schema_sql(typed_columns(columns))) }}
{% endmacro %}

{% macro typed_columns(columns) %}
    {%- set typed = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do typed.update({name: dict(column, data_type=contract_type(column.data_type))}) -%}
    {%- endfor -%}
    {{ return(typed) }}
{% endmacro %}
