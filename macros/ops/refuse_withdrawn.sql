{#
  A batch that was withdrawn from the raw zone still stands in the marts. Only a full refresh of everything takes its rows out;
  until then a run would mix both states, so it stops with the command to give.
#}
{% macro refuse_withdrawn() %}
    {%- set gone = withdrawn_batches() -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'incremental' and node.unique_id not in selected_resources -%}
        {%- do missing.append(node.name) -%}
    {%- endfor -%}
    {%- if gone and (missing or not flags.FULL_REFRESH) -%}
        {{ exceptions.raise_compiler_error("Batch " ~ gone | join(', ') ~ " was withdrawn from the raw zone, but the models still hold its rows. Run `dbt build --full-refresh` (everything, without --select) to take them out.") }}
    {%- endif -%}
{% endmacro %}

{# Batches that are registered but have no manifest any more. #}
{% macro withdrawn_batches() %}
    {%- set registered = api.Relation.create(database=target.database, schema=generate_schema_name('intermediate', none), identifier='int_batch') -%}
    {%- if load_relation(registered) is none %}{{ return([]) }}{% endif -%}
    {{ return(run_query("select batch_id from " ~ registered ~ " where batch_id not in (select batch_id from " ~ source('raw', 'batch') ~ ") order by batch_id limit 5").columns[0].values() | list) }}
{% endmacro %}
