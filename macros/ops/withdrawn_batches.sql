{# Batches that are registered but have no manifest any more. #}
{% macro withdrawn_batches() %}
    {%- set registered = api.Relation.create(database=target.database, schema=generate_schema_name('intermediate', none), identifier='int_batch') -%}
    {%- if load_relation(registered) is none %}{{ return([]) }}{% endif -%}
    {{ return(run_query("select batch_id from " ~ registered ~ " where batch_id not in (select batch_id from " ~ source('raw', 'batch') ~ ") order by batch_id limit 5").columns[0].values() | list) }}
{% endmacro %}
