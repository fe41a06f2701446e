{#
  Why: two builds at once. Athena has no locks and no transaction over two statements, so the build that started last takes over:
  it leaves its number as the progress of a reader `build`, and the statements of an older one find it and change nothing
  (only_latest_build). Nothing where the engine has locks.
#}
{% macro claim_build() %}{{ return(adapter.dispatch('claim_build', 'media_stream_analytics')()) }}{% endmacro %}
{% macro default__claim_build() %}{% endmacro %}
{% macro redshift__claim_build() %}{% endmacro %}
{% macro athena__claim_build() %}
    {%- set progress = progress_relation() -%}
    {%- if flags.WHICH in ('build', 'run') and load_relation(progress) is not none -%}
        {%- do run_query("insert into " ~ progress ~ " (reader, load_seq) values ('build', " ~ build_number() ~ ")") -%}
    {%- endif -%}
{% endmacro %}
