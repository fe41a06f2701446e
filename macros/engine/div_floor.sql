{#
  Why: whole-number division, rounded down, of two integers. `/` is a double in DuckDB, a decimal in Snowflake and an integer
  (towards zero) in Trino and Redshift.
#}
{% macro div_floor(numerator, denominator) -%}{{ return(adapter.dispatch('div_floor', 'media_stream_analytics')(numerator, denominator)) }}{%- endmacro %}

{% macro default__div_floor(numerator, denominator) %}{{ return('((' ~ numerator ~ ') // ' ~ denominator ~ ')') }}{% endmacro %}
{% macro snowflake__div_floor(numerator, denominator) %}{{ return('cast(floor((' ~ numerator ~ ') / ' ~ denominator ~ ') as bigint)') }}{% endmacro %}
{% macro athena__div_floor(numerator, denominator) %}
    {{ return('cast(floor(cast(' ~ numerator ~ ' as decimal(28, 6)) / ' ~ denominator ~ ') as bigint)') }}
{% endmacro %}
{% macro redshift__div_floor(numerator, denominator) %}{{ return(media_stream_analytics.athena__div_floor(numerator, denominator)) }}{% endmacro %}
