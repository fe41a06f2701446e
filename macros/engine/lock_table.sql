{#
  Why: two builds at once. DuckDB's file has one writer; Redshift has many, each with a snapshot from before the other's commit,
  so both would number the same batches, and rows that one has just replaced would stay beside the other's. The table is locked
  before anything is read for writing it; nothing where the engine needs no lock.
#}
{% macro lock_table(relation) -%}{{ return(adapter.dispatch('lock_table', 'media_stream_analytics')(relation)) }}{%- endmacro %}

{% macro default__lock_table(relation) %}{{ return('') }}{% endmacro %}
{% macro redshift__lock_table(relation) %}
    {{ return('lock table ' ~ relation if introspects() and load_relation(relation) is not none else '') }}
{% endmacro %}
