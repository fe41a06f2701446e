{# Sum first, then divide: the one way in which a ratio is made. Six decimals, half up; null where the denominator is nought. #}
{% macro ratio(numerator, denominator) -%}{{ divide(numerator, denominator) }}{%- endmacro %}
