{#
  Why: rows of unit tests are cast from the text that YAML gives. Trino knows no `T` between date and time, and would make a
  null of it without a word; and Glue's `timestamp` names no precision, which alone would be one of milliseconds.
#}
{% macro athena__safe_cast(field, type) %}
    {%- if type.startswith('timestamp') -%}
        try_cast({{ modules.re.sub("^'([0-9-]+)T", "'\\1 ", field | string) }} as {{ timestamp_type() }})
    {%- else -%}
        try_cast({{ field }} as {{ type }})
    {%- endif -%}
{% endmacro %}
