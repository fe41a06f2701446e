{#
  Why: microseconds since 1970 (UTC) of a timestamp without zone, as bigint; each engine has its own function.
  Traps: Trino's to_unixtime is a double (exact to the microsecond until the year 2255 after rounding); Redshift's epoch is
  whole seconds, and its extract(microseconds) leaves out the milliseconds, so the difference to 1970 is taken there.
#}
{% macro epoch_us(timestamp) -%}{{ return(adapter.dispatch('epoch_us', 'media_stream_analytics')(timestamp)) }}{%- endmacro %}

{% macro default__epoch_us(timestamp) %}{{ return('epoch_us(' ~ timestamp ~ ')') }}{% endmacro %}
{% macro snowflake__epoch_us(timestamp) %}{{ return('date_part(epoch_microsecond, ' ~ timestamp ~ ')') }}{% endmacro %}
{% macro athena__epoch_us(timestamp) %}{{ return('cast(round(to_unixtime(' ~ timestamp ~ ') * 1000000) as bigint)') }}{% endmacro %}
{% macro redshift__epoch_us(timestamp) %}{{ return("datediff(microsecond, timestamp '1970-01-01 00:00:00', " ~ timestamp ~ ")") }}{% endmacro %}
