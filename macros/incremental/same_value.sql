{# Equality in which two nulls are equal: `is not distinct from`, which Redshift lacks. #}
{% macro same_value(a, b) -%}({{ a }} = {{ b }} or ({{ a }} is null and {{ b }} is null)){%- endmacro %}
