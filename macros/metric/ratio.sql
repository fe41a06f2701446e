{#
  Sum first, then divide: the one way in which a ratio is made. Null where the denominator is nought, rounded half up to six
  decimals. DuckDB divides decimals as doubles, which is the same to fifteen digits.
#}
{% macro ratio(numerator, denominator) -%}
    cast(round(cast({{ numerator }} as decimal(28, 6)) / nullif({{ denominator }}, 0), 6) as decimal(18, 6))
{%- endmacro %}
