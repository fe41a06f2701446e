{# Why: a timestamp to the microsecond without zone has another name, or needs its precision, on each engine. #}
{% macro timestamp_type() -%}{{ return(adapter.dispatch('timestamp_type', 'media_stream_analytics')()) }}{%- endmacro %}
{% macro default__timestamp_type() %}{{ return('timestamp') }}{% endmacro %}
{% macro redshift__timestamp_type() %}{{ return('timestamp') }}{% endmacro %}
{% macro athena__timestamp_type() %}{{ return('timestamp(6)') }}{% endmacro %}
{% macro snowflake__timestamp_type() %}{{ return('timestamp_ntz(6)') }}{% endmacro %}
