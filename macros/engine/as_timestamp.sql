{# Why: a cast to a timestamp to the microsecond without zone, under the engine's own name for it (timestamp_type). #}
{% macro as_timestamp(expression) -%}{{ return('cast(' ~ expression ~ ' as ' ~ timestamp_type() ~ ')') }}{%- endmacro %}
