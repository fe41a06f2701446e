{# Why: a UTC timestamp without zone, in the wall clock of an IANA zone (a column or literal), without zone again. #}
{% macro to_local(timestamp, zone) -%}{{ return(adapter.dispatch('to_local', 'media_stream_analytics')(timestamp, zone)) }}{%- endmacro %}

{% macro default__to_local(timestamp, zone) %}{{ return("timezone(" ~ zone ~ ", " ~ timestamp ~ " at time zone 'UTC')") }}{% endmacro %}
{% macro snowflake__to_local(timestamp, zone) %}{{ return("convert_timezone('UTC', " ~ zone ~ ", " ~ timestamp ~ ")") }}{% endmacro %}
{% macro redshift__to_local(timestamp, zone) %}{{ return("convert_timezone('UTC', " ~ zone ~ ", " ~ timestamp ~ ")") }}{% endmacro %}
{% macro athena__to_local(timestamp, zone) %}
    {{ return("cast(at_timezone(with_timezone(" ~ timestamp ~ ", 'UTC'), " ~ zone ~ ") as timestamp(6))") }}
{% endmacro %}
