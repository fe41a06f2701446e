{# Why: adding milliseconds to a timestamp; dbt.dateadd has no millisecond everywhere, and has another name on each engine. #}
{% macro add_ms(timestamp, ms) -%}{{ return(adapter.dispatch('add_ms', 'media_stream_analytics')(timestamp, ms)) }}{%- endmacro %}

{% macro default__add_ms(timestamp, ms) %}{{ return('(' ~ timestamp ~ ' + to_milliseconds(' ~ ms ~ '))') }}{% endmacro %}
{% macro snowflake__add_ms(timestamp, ms) %}{{ return('dateadd(millisecond, ' ~ ms ~ ', ' ~ timestamp ~ ')') }}{% endmacro %}
{% macro redshift__add_ms(timestamp, ms) %}{{ return('dateadd(millisecond, ' ~ ms ~ ', ' ~ timestamp ~ ')') }}{% endmacro %}
{% macro athena__add_ms(timestamp, ms) %}{{ return("date_add('millisecond', " ~ ms ~ ", " ~ timestamp ~ ")") }}{% endmacro %}
