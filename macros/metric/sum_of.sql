{# Sum with nulls as nought, in a fixed type: engines widen sums differently. #}
{% macro sum_of(expression, type='bigint') -%}cast(sum(coalesce({{ expression }}, 0)) as {{ type }}){%- endmacro %}
