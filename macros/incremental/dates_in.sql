{# Literal condition on a date column: bounds, by which every engine prunes, then the exact list. No dates: no rows. #}
{% macro dates_in(column, dates) -%}
    {%- set days = dates | unique | sort | list -%}
    {%- if days -%}
        {{ column }} between date '{{ days[0] }}' and date '{{ days[-1] }}' and {{ column }} in (date '{{ days | join("', date '") }}')
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}
