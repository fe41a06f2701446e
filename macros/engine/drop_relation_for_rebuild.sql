{#
  Why: a table of the lake whose columns stay as they are is not dropped: create_table_as overwrites its rows in one commit,
  so that readers never miss it and a failed build keeps the old rows.
  Trap: Iceberg cannot make a table anew in the transaction that drops it, so with other columns it is dropped before.
#}
{% macro drop_relation_for_rebuild(relation) -%}
    {%- if not in_lake(relation) -%}{{ return(dbt.drop_relation_for_rebuild(relation)) }}{%- endif -%}
    {%- if not same_columns(relation, compiled_code) -%}
        {%- do adapter.drop_relation(relation) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {%- do adapter.ensure_transaction() -%}
    {{ return([]) }}
{%- endmacro %}

{% macro same_columns(relation, sql) -%}
    {%- set described = [] -%}
    {%- for columns in (get_column_schema_from_query(sql), adapter.get_columns_in_relation(relation)) -%}
        {%- set found = [] -%}
        {%- for column in columns -%}{%- do found.append((column.name | lower, column.data_type | lower)) -%}{%- endfor -%}
        {%- do described.append(found | sort) -%}
    {%- endfor -%}
    {{ return(described[0] == described[1]) }}
{%- endmacro %}
