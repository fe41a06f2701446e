{# Rows that fulfil a condition, as bigint: every engine has another count_if. #}
{% macro count_if(condition) -%}cast(sum(case when {{ condition }} then 1 else 0 end) as bigint){%- endmacro %}
