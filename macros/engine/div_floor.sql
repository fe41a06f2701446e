{#
  Why: whole-number division, rounded down, of two integers, neither of them negative. `/` is a double in DuckDB, an integer
  (towards zero) in Trino and Redshift and a decimal of six places, rounded half up, in Snowflake: there, and with a decimal in
  Trino, 899,999,999.999,999 / 900,000,000 comes out as 1. What is left over is taken off first, so that every engine's division
  is exact.
#}
{% macro div_floor(numerator, denominator) -%}{{ return(adapter.dispatch('div_floor', 'media_stream_analytics')(numerator, denominator)) }}{%- endmacro %}

{% macro default__div_floor(numerator, denominator) %}
    {{ return('cast((' ~ numerator ~ ' - mod(' ~ numerator ~ ', ' ~ denominator ~ ')) / ' ~ denominator ~ ' as bigint)') }}
{% endmacro %}

{% macro redshift__div_floor(numerator, denominator) %}{{ return(media_stream_analytics.default__div_floor(numerator, denominator)) }}{% endmacro %}

{% macro duckdb__div_floor(numerator, denominator) %}{{ return('((' ~ numerator ~ ') // ' ~ denominator ~ ')') }}{% endmacro %}
