{#
  Why: a condition that is true while no build has started after this one, to be evaluated inside a statement that writes. True
  where the engine has locks; see claim_build.
#}
{% macro only_latest_build() %}{{ return(adapter.dispatch('only_latest_build', 'media_stream_analytics')()) }}{% endmacro %}
{% macro default__only_latest_build() %}{{ return('1 = 1') }}{% endmacro %}
{% macro redshift__only_latest_build() %}{{ return('1 = 1') }}{% endmacro %}
{% macro athena__only_latest_build() %}
    {{ return("(select coalesce(max(load_seq), 0) from " ~ progress_relation() ~ " where reader = 'build') <= " ~ build_number()) }}
{% endmacro %}
