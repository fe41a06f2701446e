{#
  Why: identity of an event: lower-case hex MD5 of its source, its ids and its instant in microseconds, `|` between them; null
  where one of them is. Trino's md5 takes and gives bytes. No cast around the text, as dbt.hash has it: Redshift's `text` is
  varchar(256), which could cut two keys down to one.
#}
{% macro key_hash(source, ids, instant) -%}
    {%- set instant_us = 'cast(' ~ epoch_us(instant) ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {{ return(adapter.dispatch('md5_text', 'media_stream_analytics')("'" ~ source ~ "|' || " ~ (ids + [instant_us]) | join(" || '|' || "))) }}
{%- endmacro %}

{% macro default__md5_text(text) %}{{ return('md5(' ~ text ~ ')') }}{% endmacro %}
{% macro redshift__md5_text(text) %}{{ return('md5(' ~ text ~ ')') }}{% endmacro %}
{% macro athena__md5_text(text) %}{{ return('lower(to_hex(md5(to_utf8(' ~ text ~ '))))') }}{% endmacro %}
