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
