{#
  Why: a column of the raw zone whose name is a reserved word of one engine. Quoted only there: on Snowflake quotes would make
  the name case-sensitive.
#}
{% macro reserved(name) -%}{{ return(adapter.dispatch('reserved', 'media_stream_analytics')(name)) }}{%- endmacro %}

{% macro default__reserved(name) %}{{ return(name) }}{% endmacro %}
{% macro redshift__reserved(name) %}{{ return(adapter.quote(name)) }}{% endmacro %}
