{#
  Why: the targets `duckdb` and `lake` build into one DuckDB file, with one progress. A table of DuckDB's own in the place of the
  view that shows the lake's means that the target `duckdb` built it last, so the lake's is outdated and must not be continued.
#}
{% macro forget_replaced() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}{%- do adapter.dispatch('forget_replaced', 'media_stream_analytics')() -%}{%- endif -%}
{% endmacro %}
{% macro default__forget_replaced() %}{% endmacro %}
{% macro redshift__forget_replaced() %}{% endmacro %}
{% macro duckdb__forget_replaced() %}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and in_lake(node) -%}
        {%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- set own, outdated = load_cached_relation(in_file(table)), load_cached_relation(table) -%}
        {%- if own is not none and own.is_table and outdated is not none -%}{%- do adapter.drop_relation(outdated) -%}{%- endif -%}
    {%- endfor -%}
{% endmacro %}
