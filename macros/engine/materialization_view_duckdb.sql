{#
  Why: DuckDB replaces a view in one statement, so a reader never misses it; dbt-duckdb makes another and renames both, which
  takes five statements more.
#}
{% materialization view, adapter='duckdb' %}
    {%- set built = create_or_replace_view() -%}
    {%- do persist_docs(built['relations'][0], model) -%}
    {%- do adapter.commit() -%}
    {{ return(built) }}
{% endmaterialization %}
