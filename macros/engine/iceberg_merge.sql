{#
  Why: the statement with which dbt-athena merges a temporary table into an Iceberg table; for the strategy `replace` it is
  ours. Called by dbt-athena with named arguments, by no other adapter.
#}
{% macro iceberg_merge() %}
    {%- if config.get('incremental_strategy') != 'replace' -%}{{ return(dbt.iceberg_merge(**kwargs)) }}{%- endif -%}
    {%- do process_schema_changes(kwargs['on_schema_change'], kwargs['tmp_relation'], kwargs['existing_relation']) -%}
    {{ return(get_incremental_replace_sql({
        'target_relation': kwargs['target_relation'], 'temp_relation': kwargs['tmp_relation'], 'unique_key': kwargs['unique_key'],
        'dest_columns': adapter.get_columns_in_relation(kwargs['target_relation'])
    })) }}
{% endmacro %}
