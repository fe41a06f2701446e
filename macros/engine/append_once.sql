{#
  Why: how int_batch adds batches that it does not know yet. The anti-join in the model is enough where one build at a time reads
  and writes; on Athena an INSERT of two builds at once succeeds for both, so there the key decides once more, in a MERGE.
#}
{% macro append_once() %}{{ return(adapter.dispatch('append_once', 'media_stream_analytics')()) }}{% endmacro %}
{% macro default__append_once() %}{{ return('append') }}{% endmacro %}
{% macro redshift__append_once() %}{{ return('append') }}{% endmacro %}
{% macro athena__append_once() %}{{ return('replace') }}{% endmacro %}
